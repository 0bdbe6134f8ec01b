import type { JSX } from "preact";
import { Time } from "../format";
import { Card } from "../parts/card";
import { Found } from "../parts/notes";
import { SELDOM_MS, useQuery } from "../query";

// What is younger is on its way.
const GRACE_MS = 10_000;

/** What has been committed, and has not gone out. */
export function BacklogCard(): JSX.Element {
  return (
    <Card title="Waiting to go out">
      <Found query={useQuery("backlog", {}, SELDOM_MS)}>
        {({ backlog: { oldestUnpublishedAt, oldestDueAt } }) => {
          const waits = (
            [
              ["Events wait to be published", oldestUnpublishedAt],
              ["Webhooks are due", oldestDueAt],
            ] as const
          ).filter(([, since]) => since !== null && Date.now() - Date.parse(since) > GRACE_MS);
          if (waits.length === 0) {
            return <p class="calm">Nothing for long: events are published, webhooks go out.</p>;
          }
          return (
            <>
              {waits.map(([what, since]) => (
                <p key={what} class="waiting">
                  {what} since <Time at={since} ago />.
                </p>
              ))}
            </>
          );
        }}
      </Found>
    </Card>
  );
}
