import type { Operation } from "./operation";

const STYLE = `
  :root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6570; --paper: #fff; --ground: #eef1f5; --line: #d6dce3; --go: #1657c9; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e9edf2; --soft: #9aa6b2; --paper: #1c2128; --ground: #0f1216; --line: #323a44; --go: #4c8dff; }
  }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground);
         color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
  main { box-sizing: border-box; width: min(26rem, 100% - 2rem); padding: 2rem; border: 1px solid var(--line);
         border-radius: 12px; background: var(--paper); box-shadow: 0 8px 30px rgb(0 0 0 / 8%); }
  h1 { margin: 0 0 .25rem; font-size: 1.25rem; }
  p { margin: 0 0 1.25rem; color: var(--soft); }
  .amount { margin: 0 0 1.5rem; color: var(--ink); font-size: 2rem; font-variant-numeric: tabular-nums; }
  form { display: flex; gap: .75rem; }
  button { flex: 1; padding: .7rem; border: 1px solid var(--line); border-radius: 8px; background: none;
           color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
  button.go { border-color: var(--go); background: var(--go); color: #fff; }
  button:focus-visible { outline: 3px solid var(--go); outline-offset: 2px; }
  small { display: block; margin-top: 1.5rem; color: var(--soft); overflow-wrap: anywhere; }`;

/** What the shopper's bank shows: a question while it is open, its outcome afterwards. */
export function renderChallengePage(operation: Operation): string {
  const open = operation.status === "requires_action";
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${open ? "Confirm your payment" : "Payment"}</title>
  <style>${STYLE}
  </style>
</head>
<body>
  <main>
    ${open ? question(operation) : outcome(operation)}
    <small>Sandbox card network. No real money moves. Reference ${escapeHtml(operation.reference)}</small>
  </main>
</body>
</html>
`;
}

function question(operation: Operation): string {
  // Relative to /3ds/:id, so that the buttons work behind any public address.
  const path = `/3ds/${operation.challenge?.id ?? ""}`;
  return `<h1>Confirm your payment</h1>
    <p>Your bank asks whether it is really you.</p>
    <p class="amount">${formatAmount(operation)}</p>
    <form method="post">
      <button class="go" formaction="${path}/complete">Complete</button>
      <button formaction="${path}/fail">Fail</button>
    </form>`;
}

function outcome(operation: Operation): string {
  const texts = {
    succeeded: ["Payment confirmed", "You can close this page."],
    declined: ["Payment declined", operation.decline?.message ?? ""],
    prepared: ["One moment", "Your payment has not begun."],
    processing: ["One moment", "Your payment is being processed."],
    requires_action: ["Confirm your payment", ""],
    reversed: ["Payment canceled", "Nothing was charged. You can close this page."],
  } as const;
  const [title = "", text = ""] = texts[operation.status];
  return `<h1>${title}</h1>
    <p>${escapeHtml(text)}</p>
    <p class="amount">${formatAmount(operation)}</p>`;
}

function formatAmount({ amountMinor, currency }: Operation): string {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return escapeHtml(format.format(amountMinor / 10 ** digits));
  } catch {
    return escapeHtml(`${amountMinor} ${currency}`);
  }
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
