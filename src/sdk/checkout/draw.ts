import { STYLES } from "./styles";
import type { CheckoutView } from "./view";

/** What the element consists of. Made once; afterwards only what changes is touched, so that nothing is read out twice. */
export interface Drawing {
  readonly payButton: HTMLButtonElement;
  readonly bankLink: HTMLAnchorElement;
  readonly slot: HTMLSlotElement;
  readonly draw: (view: CheckoutView) => void;
  /** For what had the focus and is gone. */
  readonly focus: () => void;
}

function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  part: string,
  ...children: readonly Node[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  element.append(...children);
  return element;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function drawInto(root: ShadowRoot): Drawing {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLES);
  root.adoptedStyleSheets = [sheet];

  const title = make("h2", "title");
  title.tabIndex = -1;
  const text = make("p", "text");
  const notice = make("p", "notice");
  const status = make("div", "status", title, text, notice);
  status.setAttribute("role", "status");
  const slot = document.createElement("slot");
  const payButton = make("button", "pay");
  payButton.type = "button";
  const form = make("div", "form", slot, payButton);
  const bankLink = make("a", "bank");
  // Of the whole window: a bank's page in a frame is refused by the bank, or hangs.
  bankLink.target = "_top";
  bankLink.rel = "noreferrer";
  const section = make("section", "checkout", status, form, bankLink);
  root.append(section);

  return {
    payButton,
    bankLink,
    slot,
    draw: (view) => {
      section.dataset["screen"] = view.screen;
      section.dataset["tone"] = view.tone;
      section.setAttribute("aria-busy", String(view.isBusy));
      setText(title, view.title);
      setText(text, view.text);
      setText(notice, view.notice ?? "");
      notice.hidden = view.notice === undefined;
      form.hidden = !view.hasForm;
      setText(payButton, view.payLabel);
      // Not `disabled`, which would take the focus from whoever is there.
      payButton.setAttribute("aria-disabled", String(!view.canPay));
      bankLink.hidden = view.bankUrl === undefined;
      setText(bankLink, view.bankLabel);
      if (view.bankUrl === undefined) bankLink.removeAttribute("href");
      else bankLink.href = view.bankUrl;
    },
    focus: () => title.focus(),
  };
}
