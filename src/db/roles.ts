/*
 * Who asks, as the database sees it. Migrations run as the owner of the tables; the processes run as these two, which
 * own nothing. What each may do is written in wall/rights.ts, and `oncepay migrate` sees to it.
 */

/** For one tenant's own requests: sees only the rows of the tenant that it is bound to, and none while it is unbound. */
export const TENANT_ROLE = "oncepay_tenant";

/**
 * For work that is about no single tenant: group commits, workers, the relay, the sweeper, the audit, the
 * authentication of callers. It sees every tenant's rows, so its statements are behind their predicates alone.
 */
export const SYSTEM_ROLE = "oncepay_system";

export type Role = typeof TENANT_ROLE | typeof SYSTEM_ROLE;

/** The setting that a tenant's statements are bound by. */
export const TENANT_SETTING = "oncepay.tenant";
