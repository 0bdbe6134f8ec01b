import "./checkout.css";
import {
  type CheckoutErrorDetail,
  type CheckoutPayment,
  type CheckoutStateDetail,
  type OncepayCheckout,
  defineCheckout,
} from "../../sdk/checkout";

/*
 * The demo shop's page. What a shop has to do: ask its own backend for the order's payment, hand it to the element, and
 * listen. It keeps nothing itself; whose order it is, the backend knows by a cookie.
 */

type OrderKind = "now" | "later";

interface Order {
  readonly payment: Omit<CheckoutPayment, "url">;
}

function find<Found extends Element>(selector: string): Found {
  const found = document.querySelector<Found>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

const checkout = find<OncepayCheckout>("oncepay-checkout");
const log = find<HTMLOListElement>("#log");

function say(text: string): void {
  const line = document.createElement("li");
  line.textContent = text;
  log.append(line);
}

async function showOrder(path: string, body: object = {}): Promise<void> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The shop answered ${String(response.status)}.`);
  const { payment } = (await response.json()) as Order;
  checkout.payment = { ...payment, url: new URL("/graphql", location.href).href };
}

function tell(error: unknown): void {
  say(`The shop does not answer: ${(error as Error).message}`);
}

checkout.addEventListener("oncepay-state", (event) => {
  const { screen, isCurrent } = (event as CustomEvent<CheckoutStateDetail>).detail;
  say(isCurrent ? screen : `${screen}, not certain`);
});
checkout.addEventListener("oncepay-error", (event) => {
  say((event as CustomEvent<CheckoutErrorDetail>).detail.code);
});
for (const kind of ["now", "later"] satisfies OrderKind[]) {
  find(`#${kind}`).addEventListener("click", () => {
    log.replaceChildren();
    showOrder("/checkout/new-order", { kind }).catch(tell);
  });
}

defineCheckout();
// What the bank has put there says nothing that counts.
history.replaceState(null, "", location.pathname);
showOrder("/checkout/order").catch(tell);
