/** One row that should not exist. Enough to find it with; never a secret or a card number. */
export interface Violation {
  /** The invariant's number; see the list in audit-books.ts. */
  readonly invariant: string;
  readonly check: string;
  /** The id of what is wrong. */
  readonly subject: string;
  readonly detail: string;
}

/** One statement that finds the rows which break one rule, as `subject` and `detail`. It finds none when all is well. */
export interface Check {
  readonly invariant: string;
  readonly name: string;
  readonly sql: string;
  readonly bindings?: readonly (string | number)[];
}
