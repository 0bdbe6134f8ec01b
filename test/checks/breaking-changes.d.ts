export function breakingChanges(releasedSdl: string, presentSdl: string): string[];
export function undeclared(
  changes: readonly string[],
  declared: readonly { readonly change: string; readonly reason: string }[],
): string[];
