import type { Db } from "../../src/db/db";
import { findApiKeyByKey, findApiKeys, listApiKeys } from "../../src/merchants/api-key-store";
import { findLiveKeys } from "../../src/merchants/caller";
import { findProposals } from "../../src/payments/evidence-store";
import { findFormerRecord } from "../../src/payments/shopper-key";
import { type Question, now, pages } from "./plan-questions";
import type { Samples } from "./plans";

interface Shop {
  readonly db: Db;
  readonly merchantId: string;
  readonly its: Samples;
}

/** What is asked about API keys, shoppers' keys from before and operators' proposals. The shop is known only later. */
export function keyQuestions(shop: () => Shop): Question[] {
  const former = () => {
    const { merchantId, its } = shop();
    return { merchantId, key: its.confirmKey, paymentIntentId: its.intents[0] ?? "" };
  };
  return [
    now("a live API key", () => {
      const { db, merchantId, its } = shop();
      return findLiveKeys(db, [{ merchantId, hash: its.apiKeyHash }]);
    }),
    now("API keys by id", () => findApiKeys(shop().db, shop().merchantId, [shop().its.apiKey])),
    now("an API key by its key", () => {
      const { db, merchantId, its } = shop();
      return findApiKeyByKey(db, merchantId, its.apiKey);
    }),
    ...pages(
      "API keys",
      () => shop().its.apiKey,
      (page) => listApiKeys(shop().db, shop().merchantId, { page }),
    ),
    now("a shopper's key from before", async () => [await findFormerRecord(shop().db, former())]),
    now("what is proposed for an attempt", async () => {
      const { db, merchantId, its } = shop();
      return [await findProposals(db, { merchantId, id: its.attempts[0] ?? "" }, merchantId)];
    }),
  ];
}
