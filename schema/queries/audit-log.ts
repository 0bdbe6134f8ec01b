import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from "type-graphql";
import type * as log from "../../src/audit-log/entry";
import { listAuditEntries } from "../../src/audit-log/list-entries";
import type { Page } from "../../src/pagination";
import { type Context, callerOf } from "../context";
import { AuditAction } from "../audit-enums";
import { checkId, checkOptionalText } from "../input";
import { DateTime } from "../scalars";
import { AuditEntryConnection } from "../types/audit-log";
import { PageArgs } from "./page-arguments";

const SUBJECT_LENGTH_MAX = 255;

@InputType({ description: "Which entries to list: those that match every field given." })
export class AuditLogFilter {
  @Field(() => AuditAction, { nullable: true, description: "Of this kind." })
  readonly action?: log.AuditAction | null;

  @Field(() => ID, { nullable: true, description: "Done with the API key that has this id." })
  readonly actorId?: string | null;

  @Field(() => ID, { nullable: true, description: "About the object with this id." })
  readonly subjectId?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Recorded at this moment or later." })
  readonly recordedAfter?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Recorded before this moment." })
  readonly recordedBefore?: string | null;
}

@Resolver()
export class AuditLogQueries {
  @Query(() => AuditEntryConnection, {
    description:
      "The audit log, newest first: refusals, the first and last use of API keys, changes to keys and endpoints, and everything that operators read and write. For operators only.",
  })
  async auditLog(
    @Arg("filter", () => AuditLogFilter, {
      nullable: true,
      description: "Which items to return.",
    })
    filter: AuditLogFilter | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: Context,
  ): Promise<Page<log.AuditEntry>> {
    if (filter?.actorId != null) checkId("filter.actorId", "apiKey", filter.actorId);
    // Of any kind, also of kinds that there are no more.
    checkOptionalText("filter.subjectId", filter?.subjectId, { max: SUBJECT_LENGTH_MAX });
    return listAuditEntries(context.app.db, callerOf(context).merchantId, { filter, page });
  }
}
