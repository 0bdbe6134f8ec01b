/** What the adapter is written for; the pinned package's own. Endpoints for webhooks are created with it, too. */
export const STRIPE_API_VERSION = "2026-10-28.endive";
