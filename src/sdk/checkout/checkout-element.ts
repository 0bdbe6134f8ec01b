import type { PaymentIntent } from "../objects";
import { OncepayError } from "../oncepay-error";
import { buttonToken, chosenIn, tokenOf } from "./choice";
import { confirmPayment } from "./confirm-payment";
import { type Drawing, drawInto } from "./draw";
import { type ShopperClient, createShopperClient } from "./shopper-client";
import { type CheckoutTexts, type ReplacedTexts, TEXTS, withTexts } from "./texts";
import { type CheckoutState, type CheckoutView, viewOf } from "./view";
import { type PaymentUpdate, watchPayment } from "./watch-payment";

/** Which payment, and how to reach it. Properties alone: a secret in an attribute or an address ends up in logs. */
export interface CheckoutPayment {
  /** The API's endpoint: https://…/graphql */
  readonly url: string;
  readonly publishableKey: string;
  readonly paymentIntentId: string;
  readonly clientSecret: string;
  /** Where the bank sends the shopper back to; this page's address, where it is not given. */
  readonly returnUrl?: string;
}

export interface CheckoutStateDetail {
  readonly paymentIntent: PaymentIntent | undefined;
  readonly screen: CheckoutView["screen"];
  /** False while nobody answers; never a reason to say "failed". */
  readonly isCurrent: boolean;
}

export interface CheckoutErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
}

const NOTHING: CheckoutState = {
  paymentIntent: undefined,
  isCurrent: true,
  isSending: false,
  paymentMethod: undefined,
  problem: undefined,
  isUnavailable: false,
};

/** On a server, where pages are made but not shown, there are no elements. */
const Element = (globalThis as { HTMLElement?: typeof HTMLElement }).HTMLElement ?? Object;

/**
 * `<oncepay-checkout>`: one payment, from choosing a card to its end. It takes tokens, and no card numbers. It shows what
 * the API says about the payment and nothing else: not what an address says on the return from a bank, and never "failed"
 * because nobody answers.
 */
export class OncepayCheckout extends (Element as typeof HTMLElement) {
  #payment: CheckoutPayment | undefined;
  #client: ShopperClient | undefined;
  #texts: CheckoutTexts = TEXTS;
  #state: CheckoutState = NOTHING;
  #drawing: Drawing | undefined;
  #watching: AbortController | undefined;
  /** The shopper has paid on this very page, so the way to the bank needs no further question. */
  #mayRedirect = false;
  #toldAs = "";

  get payment(): CheckoutPayment | undefined {
    return this.#payment;
  }

  set payment(payment: CheckoutPayment | undefined) {
    this.#payment = payment;
    this.#mayRedirect = false;
    this.#client = payment && clientOf(payment);
    this.#state = { ...NOTHING, paymentMethod: this.#state.paymentMethod };
    this.#restart();
  }

  /** The token to pay with. What a shopper chooses within the element is the same property. */
  get paymentMethod(): string | undefined {
    return this.#state.paymentMethod;
  }

  set paymentMethod(paymentMethod: string | undefined) {
    this.#change({ paymentMethod });
  }

  set texts(texts: ReplacedTexts) {
    this.#texts = withTexts(texts);
    this.#change({});
  }

  /** The newest that is known. */
  get paymentIntent(): PaymentIntent | undefined {
    return this.#state.paymentIntent;
  }

  connectedCallback(): void {
    this.#drawing ??= this.#makeDrawing();
    for (const name of ["texts", "paymentMethod", "payment"] as const) this.#upgrade(name);
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#watching?.abort();
  }

  /** Pays, as the button does. Pressed twice, here or anywhere else, it pays once. */
  async confirm(): Promise<void> {
    const { paymentIntent, paymentMethod, isSending } = this.#state;
    const [payment, client] = [this.#payment, this.#client];
    if (!payment || !client || !paymentIntent || isSending || !this.#view().canPay) return;
    this.#mayRedirect = true;
    this.#change({ isSending: true, problem: undefined });
    const { paymentIntentId, returnUrl = location.href.replace(/#.*/s, "") } = payment;
    const { version } = paymentIntent;
    try {
      const confirmed = await confirmPayment(client, {
        ...{ paymentIntentId, version, paymentMethod, returnUrl },
      });
      if (this.#payment !== payment) return;
      if (!confirmed.isOurs) this.#mayRedirect = false;
      this.#note(confirmed.paymentIntent, { isSending: false });
    } catch (error) {
      if (this.#payment === payment) this.#refused(error);
    }
  }

  #makeDrawing(): Drawing {
    const drawing = drawInto(this.shadowRoot ?? this.attachShadow({ mode: "open" }));
    drawing.payButton.addEventListener("click", () => void this.confirm());
    drawing.bankLink.addEventListener("click", (event) => {
      if (!this.#announceRedirect()) event.preventDefault();
    });
    drawing.slot.addEventListener("slotchange", () => this.#choose(chosenIn(drawing.slot)));
    this.addEventListener("change", ({ target }) => this.#choose(tokenOf(target)));
    this.addEventListener("click", (event) => {
      const token = buttonToken(event);
      if (token === undefined) return;
      this.#choose(token);
      void this.confirm();
    });
    return drawing;
  }

  #choose(paymentMethod: string | undefined): void {
    if (paymentMethod !== undefined) this.#change({ paymentMethod });
  }

  /** What a page has set before the element was defined hides the property of the same name. */
  #upgrade(name: "texts" | "paymentMethod" | "payment"): void {
    if (!Object.hasOwn(this, name)) return;
    const value = (this as Record<typeof name, unknown>)[name];
    delete (this as Partial<Record<typeof name, unknown>>)[name];
    Object.assign(this, { [name]: value });
  }

  #restart(): void {
    this.#watching?.abort();
    this.#change({});
    const [payment, client] = [this.#payment, this.#client];
    if (!payment || !client || !this.isConnected) return;
    const watching = new AbortController();
    this.#watching = watching;
    const { signal } = watching;
    watchPayment(client, payment, { signal, onUpdate: (update) => this.#heard(update) }).catch(
      (error: unknown) => {
        if (signal.aborted) return;
        this.#change({ isUnavailable: true });
        this.#report(error);
      },
    );
  }

  #heard({ paymentIntent, isCurrent }: PaymentUpdate): void {
    // The question was asked after the answer had been lost, so this is what became of it.
    const isKnown = isCurrent && this.#state.problem === "unknown";
    const before = this.#state.paymentIntent?.version;
    const isSame = paymentIntent?.version === before;
    const problem = isKnown ? (isSame ? "notSent" : undefined) : this.#state.problem;
    if (problem === "notSent") this.#mayRedirect = false;
    if (paymentIntent) this.#note(paymentIntent, { isCurrent, problem });
    else this.#change({ isCurrent, problem });
  }

  /** The higher version counts, whoever brings it: the answer to a press of the button may be older than what is known. */
  #note(paymentIntent: PaymentIntent, change: Partial<CheckoutState>): void {
    const known = this.#state.paymentIntent;
    const isNews = !known || paymentIntent.version > known.version;
    const problem = isNews ? undefined : (change.problem ?? this.#state.problem);
    this.#change({ ...change, problem, ...(isNews && { paymentIntent }) });
    this.#redirectOnce();
  }

  #refused(error: unknown): void {
    this.#mayRedirect = false;
    const { code, retryable } =
      error instanceof OncepayError ? error : { code: "", retryable: false };
    if (code === "RATE_LIMITED") this.#change({ isSending: false, problem: "tooManyTries" });
    else if (code === "OUTCOME_UNKNOWN" || retryable) {
      this.#mayRedirect = true;
      this.#change({ isSending: false, problem: "unknown" });
      // It asks anew, so that what it says next is from after the lost answer.
      this.#restart();
    } else this.#change({ isSending: false, problem: "refused" });
    this.#report(error);
  }

  /** To the bank, once and in the whole window. In a frame the shopper has to press the link, as browsers want it. */
  #redirectOnce(): void {
    const { bankUrl } = this.#view();
    if (bankUrl === undefined || !this.#mayRedirect) return;
    this.#mayRedirect = false;
    if (window.top !== window.self || !this.#announceRedirect()) return;
    location.assign(bankUrl);
  }

  #announceRedirect(): boolean {
    const { bankUrl } = this.#view();
    return this.#dispatch("oncepay-redirect", { url: bankUrl }, { cancelable: true });
  }

  #view(): CheckoutView {
    const language = this.closest("[lang]")?.getAttribute("lang") || undefined;
    return viewOf(this.#state, this.#texts, language);
  }

  #change(change: Partial<CheckoutState>): void {
    this.#state = { ...this.#state, ...change };
    const drawing = this.#drawing;
    if (!drawing) return;
    const view = this.#view();
    const hadFocus = this.matches(":focus-within");
    drawing.draw(view);
    const { paymentIntent, isCurrent } = this.#state;
    const { screen } = view;
    const told = `${screen} ${String(paymentIntent?.version)} ${String(isCurrent)}`;
    if (told === this.#toldAs) return;
    const isOtherScreen = !this.#toldAs.startsWith(`${screen} `);
    this.#toldAs = told;
    // The button that was pressed is gone; whoever cannot see that is not to be left in the void.
    if (hadFocus && isOtherScreen) drawing.focus();
    this.#dispatch("oncepay-state", { paymentIntent, screen, isCurrent });
  }

  #report(error: unknown): void {
    const { code, requestId } =
      error instanceof OncepayError ? error : { code: "INTERNAL", requestId: undefined };
    this.#dispatch("oncepay-error", { code, message: (error as Error).message, requestId });
  }

  #dispatch(type: string, detail: unknown, { cancelable = false } = {}): boolean {
    return this.dispatchEvent(
      new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true }),
    );
  }
}

/** Whoever waits longer than this for an answer is told so, and the payment is watched in any case. */
const ANSWER_WITHIN_MS = 20_000;

function clientOf({ url, publishableKey: apiKey, clientSecret }: CheckoutPayment): ShopperClient {
  return createShopperClient({ url, apiKey, clientSecret, deadlineMs: ANSWER_WITHIN_MS });
}

/** Defines the element. Importing this file defines nothing, and can be done on a server, too. */
export function defineCheckout(name = "oncepay-checkout"): void {
  if (!customElements.get(name)) customElements.define(name, OncepayCheckout);
}
