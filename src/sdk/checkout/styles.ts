/**
 * Adopted, and never written into the page, so that the strictest policy for styles permits them. A shop changes the
 * colours with these properties, and anything else by `::part()`.
 */
export const STYLES = `
:host {
  --ink: var(--oncepay-ink, #1b1f24);
  --soft: var(--oncepay-soft, #4c5661);
  --paper: var(--oncepay-paper, #ffffff);
  --line: var(--oncepay-line, #87919c);
  --accent: var(--oncepay-accent, #1657c9);
  --on-accent: var(--oncepay-on-accent, #ffffff);
  --good: var(--oncepay-good, #0b6b3a);
  --bad: var(--oncepay-bad, #a8201a);
  display: block;
  color: var(--ink);
  color-scheme: light dark;
  font: 1rem/1.5 var(--oncepay-font, system-ui, sans-serif);
}
@media (prefers-color-scheme: dark) {
  :host {
    --ink: var(--oncepay-ink, #e9edf2);
    --soft: var(--oncepay-soft, #b3bdc8);
    --paper: var(--oncepay-paper, #1c2128);
    --line: var(--oncepay-line, #77828e);
    --accent: var(--oncepay-accent, #8ab4ff);
    --on-accent: var(--oncepay-on-accent, #10151c);
    --good: var(--oncepay-good, #6ed29b);
    --bad: var(--oncepay-bad, #ff9a92);
  }
}
:host([hidden]), [hidden] { display: none !important; }
section {
  box-sizing: border-box;
  padding: 1.25rem;
  border: 1px solid var(--line);
  border-inline-start: 6px solid var(--accent);
  border-radius: 10px;
  background: var(--paper);
  overflow-wrap: anywhere;
}
section[data-tone="good"] { border-inline-start-color: var(--good); }
section[data-tone="bad"] { border-inline-start-color: var(--bad); }
h2 { margin: 0 0 .25rem; font-size: 1.25rem; line-height: 1.3; }
p { margin: 0; color: var(--soft); }
[part="notice"] { margin-top: .5rem; color: var(--ink); font-weight: 600; }
section[data-tone="bad"] [part="notice"] { color: var(--bad); }
[part="form"], [part="bank"] { margin-top: 1rem; }
button, a {
  display: block;
  box-sizing: border-box;
  width: 100%;
  min-height: 3rem;
  margin-top: 1rem;
  padding: .75rem 1rem;
  border: 2px solid var(--accent);
  border-radius: 8px;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
button[aria-disabled="true"] { border-color: var(--line); background: none; color: var(--soft); cursor: default; }
button:focus-visible, a:focus-visible, h2:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 3px;
}
section[aria-busy="true"] h2::after {
  content: "";
  display: inline-block;
  width: .7em;
  height: .7em;
  margin-inline-start: .5em;
  border: 2px solid var(--line);
  border-top-color: var(--accent);
  border-radius: 50%;
  vertical-align: baseline;
}
@media (prefers-reduced-motion: no-preference) {
  section[aria-busy="true"] h2::after { animation: turn 1s linear infinite; }
}
@keyframes turn { to { transform: rotate(1turn); } }
`;
