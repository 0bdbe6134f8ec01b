/** The shop's choices are its own, within the element; the element knows which of them is chosen. */
const CARDS: readonly (readonly [token: string, label: string])[] = [
  ["pm_card_visa", "Visa that works"],
  ["pm_card_mastercard", "Mastercard that works"],
  ["pm_card_threeDSecureRequired", "Card whose bank asks (3-D Secure)"],
  ["pm_card_chargeDeclinedInsufficientFunds", "Card without enough money"],
  ["pm_card_chargeDeclinedStolenCard", "Stolen card"],
];

function choice([token, label]: (typeof CARDS)[number], index: number): string {
  const checked = index === 0 ? " checked" : "";
  return `<label><input type="radio" name="card" value="${token}"${checked}> ${label}</label>`;
}

export const CHECKOUT_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Demo shop</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/checkout/assets/checkout.css">
    <script type="module" src="/checkout/assets/checkout.js"></script>
  </head>
  <body>
    <main>
      <h1>A day in the mountains</h1>
      <p>One guide, one packed lunch. The sandbox card network moves no real money.</p>
      <oncepay-checkout>
        <fieldset>
          <legend>Your cards</legend>
          ${CARDS.map(choice).join("\n          ")}
        </fieldset>
      </oncepay-checkout>
    </main>
    <footer>
      <button type="button" id="now">New order</button>
      <button type="button" id="later">New order, charged later</button>
      <h2>What the element has told the shop</h2>
      <ol id="log"></ol>
    </footer>
  </body>
</html>
`;
