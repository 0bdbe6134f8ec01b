import { Field, Float, ID, ObjectType } from "type-graphql";
import type { AccountKind } from "../../src/ledger/accounts";
import type * as breaks from "../../src/reconciliation/break";
import type { Report } from "../../src/reconciliation/report-store";
import { LedgerAccountKind } from "../enums";
import { Node } from "../node";
import {
  ReconciliationBreakKind,
  ReconciliationBreakResolution,
  ReconciliationBreakSource,
  ReconciliationBreakStatus,
  ReconciliationReportFailure,
  ReconciliationReportStatus,
} from "../reconciliation-enums";
import { CurrencyCode, DateTime, MinorUnits } from "../scalars";
import { connectionOf } from "./connection";

@ObjectType({ simpleResolvers: true, description: "What one side of a break says." })
export class ReconciliationSide {
  @Field(() => MinorUnits, { nullable: true, description: "The amount; null when it says none." })
  readonly amount!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "The currency of the amount and the fee, as this side writes it.",
  })
  readonly currency!: string | null;

  @Field(() => MinorUnits, { nullable: true, description: "The fee; null when it says none." })
  readonly fee!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "The status of the attempt here, or what kind of movement it was there.",
  })
  readonly state!: string | null;
}

@ObjectType({ simpleResolvers: true, description: "One posting of a proposed correction." })
export class ProposedPosting {
  @Field(() => LedgerAccountKind, { description: "The account to debit." })
  readonly debit!: AccountKind;

  @Field(() => LedgerAccountKind, { description: "The account to credit." })
  readonly credit!: AccountKind;

  @Field(() => MinorUnits, { description: "The amount, in the break's currency." })
  readonly amount!: number;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "A journal that would correct the books. It is posted when a platform operator approves it, and never by itself.",
})
export class ReconciliationProposal {
  @Field(() => ID, {
    nullable: true,
    description: "The id of the journal that it corrects; null when none was posted.",
  })
  readonly corrects!: string | null;

  @Field(() => [ProposedPosting], { description: "What would be posted." })
  readonly postings!: readonly ProposedPosting[];
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description:
    "A difference between the payments, the ledger and what a processor says it moved. It stays open until it is resolved.",
})
export class ReconciliationBreak {
  readonly id!: string;

  @Field(() => ID, {
    description:
      "The id of the merchant that it concerns; that of the installation itself when no merchant is known.",
  })
  readonly merchantId!: string;

  @Field(() => ReconciliationBreakKind, { description: "What differs." })
  readonly kind!: breaks.BreakKind;

  @Field(() => ReconciliationBreakStatus, { description: "How far it has come." })
  readonly status!: breaks.BreakStatus;

  @Field(() => ReconciliationBreakSource, { description: "What noticed it." })
  readonly source!: breaks.BreakSource;

  @Field(() => String, {
    nullable: true,
    description: "The name of the processor; null when the ledger alone is concerned.",
  })
  readonly processor!: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the merchant's account at the processor; null when it is the installation's own, or none.",
  })
  readonly processorAccountId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the report that it was found for; null when there is none.",
  })
  readonly reportId!: string | null;

  @Field(() => ID, {
    description:
      "The id of what it is about: an attempt, a payment intent, a ledger account, or the reference that only the processor knows.",
  })
  readonly subjectId!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the payment intent; null when it concerns none.",
  })
  readonly paymentIntentId!: string | null;

  @Field(() => CurrencyCode, { description: "The currency of the books that are concerned." })
  readonly currency!: string;

  @Field(() => String, { description: "The difference, in a sentence for people." })
  readonly detail!: string;

  @Field(() => ReconciliationSide, { nullable: true, description: "What our books say." })
  readonly ours!: breaks.BreakSide | null;

  @Field(() => ReconciliationSide, { nullable: true, description: "What the processor says." })
  readonly theirs!: breaks.BreakSide | null;

  @Field(() => ReconciliationProposal, {
    nullable: true,
    description: "The correction that is proposed; null when a person must decide what to do.",
  })
  readonly proposal!: breaks.Proposal | null;

  @Field(() => String, { nullable: true, description: "Who sees to it; null while nobody does." })
  readonly owner!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "How it came about, or why it was resolved.",
  })
  readonly explanation!: string | null;

  @Field(() => ReconciliationBreakResolution, {
    nullable: true,
    description: "How it was resolved; null while it is not.",
  })
  readonly resolution!: breaks.BreakResolution | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the correcting journal; null when none was posted.",
  })
  readonly journalId!: string | null;

  @Field(() => DateTime, { description: "When it was found, which its age counts from." })
  readonly foundAt!: string;

  @Field(() => DateTime, { nullable: true, description: "When it was last explained." })
  readonly explainedAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When it was resolved." })
  readonly resolvedAt!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description: "A comparison with what a processor says: with a settlement file, or with its list.",
})
export class ReconciliationReport {
  @Field(() => ID, { description: "Its id, which breaks name; `node` does not find it." })
  readonly id!: string;

  @Field(() => ReconciliationBreakSource, { description: "What was compared with." })
  readonly source!: Report["source"];

  @Field(() => String, { description: "The name of the processor." })
  readonly processor!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the merchant whose account it is; null when it is the installation's own.",
  })
  readonly merchantId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the account; null when it is the installation's own.",
  })
  readonly processorAccountId!: string | null;

  @Field(() => String, { description: "What the processor calls the statement." })
  readonly statement!: string;

  @Field(() => DateTime, { description: "The beginning of the period." })
  readonly periodFrom!: string;

  @Field(() => DateTime, { description: "The end of the period, which is not in it." })
  readonly periodTo!: string;

  @Field(() => ReconciliationReportStatus, { description: "How far it has come." })
  readonly status!: Report["status"];

  @Field(() => Float, { description: "How many lines have been read." })
  readonly lines!: number;

  @Field(() => Float, { description: "How many references have been compared." })
  readonly compared!: number;

  @Field(() => Float, { description: "How many of them agree." })
  readonly matched!: number;

  @Field(() => Float, { description: "How many breaks were found that were not known before." })
  readonly breaksFound!: number;

  @Field(() => Float, { description: "How many breaks closed themselves because of it." })
  readonly breaksClosed!: number;

  @Field(() => DateTime, { description: "When it was begun." })
  readonly startedAt!: string;

  @Field(() => DateTime, { nullable: true, description: "When it was completed." })
  readonly finishedAt!: string | null;

  @Field(() => ReconciliationReportFailure, {
    nullable: true,
    description:
      "Why the lines could not be read when they were last asked for; null when they could. They are asked for again, and nothing is missed in the meantime.",
  })
  readonly failure!: Report["failure"];

  @Field(() => DateTime, {
    nullable: true,
    description: "When the lines were last asked for in vain; null when they came.",
  })
  readonly failedAt!: string | null;
}

export const ReconciliationBreakConnection = connectionOf(
  () => ReconciliationBreak,
  "ReconciliationBreak",
);
export const ReconciliationReportConnection = connectionOf(
  () => ReconciliationReport,
  "ReconciliationReport",
);
