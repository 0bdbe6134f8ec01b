import { Failure } from "../failures";
import { checkWebhookUrl } from "./url-guard";

/** The URL as the parser writes it, so that what was checked is what will be connected to. */
export function checkEndpointUrl(
  config: { readonly webhookAllowLoopback: boolean },
  url: string,
): string {
  const checked = checkWebhookUrl(url, { allowLoopback: config.webhookAllowLoopback });
  if (checked.ok) return checked.url.href;
  throw new Failure("BAD_USER_INPUT", `This URL cannot receive webhooks: ${checked.reason}`, {
    field: "input.url",
  });
}
