import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "../address";
import { Id, Status, Time } from "../format";
import { Doing } from "../parts/doing";
import { List, pageIn } from "../parts/list";
import { Empty, Facts, Found } from "../parts/notes";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";
import { useDeliveryColumns } from "./deliveries";

type Endpoint = NonNullable<Results["endpoint"]["node"]>;

export function Endpoints(): JSX.Element {
  const { filters, to } = usePlace();
  const query = useQuery("endpoints", pageIn(filters), SELDOM_MS);
  return (
    <>
      <h1>Endpoints</h1>
      <List
        query={query}
        pick={({ webhookEndpoints }) => webhookEndpoints}
        caption="Endpoints, newest first"
        columns={[
          {
            name: "URL",
            of: ({ id, url }) => (
              <Link to={to(`endpoints/${id}`)} row>
                {url}
              </Link>
            ),
          },
          { name: "Status", of: ({ status }) => <Status of={status} /> },
          { name: "For", of: ({ description }) => description },
          { name: "Events", of: ({ eventTypes }) => typesOf(eventTypes) },
          { name: "Delivered in 24 h", of: ({ last24Hours }) => successOf(last24Hours) },
          { name: "95 % within", of: ({ last24Hours }) => slowOf(last24Hours), numeric: true },
          { name: "Oldest due", of: ({ oldestDueAt }) => <Time at={oldestDueAt} ago /> },
          { name: "Endpoint", of: ({ id }) => <Id of={id} /> },
        ]}
        empty="There is none: nobody is told of events. The merchant's backend creates endpoints."
      />
    </>
  );
}

function typesOf(types: readonly string[]): string {
  if (types.length === 0) return "all";
  return types.length > 2 ? `${String(types.length)} types` : types.join(", ");
}

type Health = Endpoint["last24Hours"];

/** Never rounded up: one that failed is seen. */
function successOf(health: Health): string {
  if (health === null) return "–";
  if (health.attempts === 0) return "not tried";
  const { attempts, succeeded } = health;
  const share = Math.floor((succeeded / attempts) * 1_000) / 10;
  return `${String(share)} % of ${attempts.toLocaleString("en")} tries`;
}

function slowOf(health: Health): string {
  return health?.p95Ms == null ? "–" : `${health.p95Ms.toLocaleString("en")} ms`;
}

export function EndpointPage({ id }: { id: string }): JSX.Element {
  const query = useQuery("endpoint", { id }, SELDOM_MS);
  return (
    <>
      <h1>
        Endpoint <Id of={id} />
      </h1>
      <Found query={query}>
        {({ node }) =>
          node ? (
            <Whole endpoint={node} changed={query.reload} />
          ) : (
            <Empty>This merchant has no endpoint with this id.</Empty>
          )
        }
      </Found>
    </>
  );
}

function Whole({ endpoint, changed }: { endpoint: Endpoint; changed: () => void }): JSX.Element {
  const { may, to } = usePlace();
  return (
    <>
      <p class="headline">
        <strong>{endpoint.url}</strong> <Status of={endpoint.status} />
      </p>
      {may("webhooks:write") && <Actions endpoint={endpoint} changed={changed} />}
      <Facts
        of={[
          ["Delivered in 24 h", successOf(endpoint.last24Hours)],
          [
            "95 % answered within",
            endpoint.last24Hours?.p95Ms != null && slowOf(endpoint.last24Hours),
          ],
          ["Oldest due since", endpoint.oldestDueAt && <Time at={endpoint.oldestDueAt} ago />],
          ["For", endpoint.description],
          ["Events", endpoint.eventTypes.length === 0 ? "all" : endpoint.eventTypes.join(", ")],
          ["Disabled since", endpoint.disabledAt && <Time at={endpoint.disabledAt} ago />],
          ["Disabled because", endpoint.disabledReason],
          ["Challenge", endpoint.verificationError],
          ["Order", endpoint.ordered === true && "each payment's events in strict order"],
          ["Secret", endpoint.secretHint],
          [
            "Also signs until",
            endpoint.previousSecretExpiresAt && <Time at={endpoint.previousSecretExpiresAt} ago />,
          ],
          ["A second at most", endpoint.ratePerSecond],
          ["Made", <Time at={endpoint.createdAt} ago />],
          [
            "Dead letters",
            <Link to={to("dead-letters", { endpoint: endpoint.id })}>of this endpoint</Link>,
          ],
        ]}
      />
      <Recent endpoint={endpoint} />
    </>
  );
}

const RECENT = 100;

function Recent({ endpoint }: { endpoint: Endpoint }): JSX.Element {
  const filter = { endpointId: endpoint.id };
  const query = useQuery("deliveries", { filter, first: RECENT }, SELDOM_MS);
  return (
    <List
      query={query}
      pick={({ webhookDeliveries }) => ({
        ...webhookDeliveries,
        pageInfo: { ...webhookDeliveries.pageInfo, hasNextPage: false, hasPreviousPage: false },
      })}
      caption="The newest deliveries"
      columns={useDeliveryColumns()}
      empty="Nothing has been sent to it yet. A test webhook can be."
    />
  );
}

function Actions({ endpoint, changed }: { endpoint: Endpoint; changed: () => void }): JSX.Element {
  const { say } = usePlace();
  const { id: webhookEndpointId } = endpoint;
  const [secret, setSecret] = useState<string | null>();
  return (
    <>
      <p class="actions">
        <Doing
          label="Send a test"
          run={async (act) => {
            const answer = await act("sendTestWebhook", { webhookEndpointId });
            if (answer) say(`Sent as ${answer.sendTestWebhook.webhookDelivery.id}.`);
            return answer;
          }}
          done={changed}
        />
        <OnOff endpoint={endpoint} changed={changed} />
        <Doing
          label="Rotate the secret"
          danger
          question={{
            effect:
              "A new secret signs from now on, and the present one beside it for 24 hours. The new one is shown once, here.",
          }}
          run={async (act) => {
            const answer = await act("rotateWebhookSecret", { webhookEndpointId });
            if (answer) setSecret(answer.rotateWebhookSecret.secret);
            return answer;
          }}
          done={changed}
        />
      </p>
      {secret !== undefined && (
        <p class="note" role="status">
          {secret === null ? (
            "The secret has been shown before."
          ) : (
            <>
              The new secret, which is not shown again: <code class="id">{secret}</code>
            </>
          )}
        </p>
      )}
    </>
  );
}

function OnOff({ endpoint, changed }: { endpoint: Endpoint; changed: () => void }): JSX.Element {
  const { id: webhookEndpointId, status } = endpoint;
  return status === "DISABLED" ? (
    <Doing
      label="Resume"
      question={{
        effect: "Deliveries go on, with all that were held back meanwhile.",
      }}
      run={(act) => act("enableWebhookEndpoint", { webhookEndpointId })}
      done={changed}
    />
  ) : (
    <Doing
      label="Pause"
      question={{
        effect:
          "Nothing is sent to it until it is resumed. Its deliveries are held back, and none is lost.",
        reason: "optional",
      }}
      run={(act, reason) =>
        act("disableWebhookEndpoint", {
          webhookEndpointId,
          ...(reason !== "" && { reason }),
        })
      }
      done={changed}
    />
  );
}
