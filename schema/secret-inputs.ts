import { Kind, type OperationDefinitionNode } from "graphql";
import type { InputPath } from "./input-path";

/**
 * The inputs that are there to hold somebody else's secrets, by mutation: such a secret may look like one of ours, which
 * is refused everywhere else. Only as variables: documents are kept, and their texts are logged by others.
 */
const SECRET_INPUTS: Readonly<Record<string, readonly string[]>> = {
  connectProcessorAccount: ["credentials", "webhookSecret"],
  rotateProcessorCredentials: ["credentials"],
  rotateProcessorWebhookSecret: ["webhookSecret"],
};

/** Whether what is at a path of an operation's arguments may be a secret; undefined when none of them may. */
export function secretInputsOf({
  selectionSet: { selections },
}: OperationDefinitionNode): ((path: InputPath) => boolean) | undefined {
  const [only, ...others] = selections;
  if (only?.kind !== Kind.FIELD || others.length > 0) return undefined;
  const name = only.name.value;
  const inputs = Object.hasOwn(SECRET_INPUTS, name) ? SECRET_INPUTS[name] : undefined;
  return inputs && (([argument, field]) => argument === "input" && inputs.includes(String(field)));
}
