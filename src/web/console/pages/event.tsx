import type { JSX } from "preact";
import { Link } from "../address";
import { Id, Time } from "../format";
import { Empty, Facts, Found, Json } from "../parts/notes";
import { usePlace } from "../place";
import { useQuery } from "../query";

export function EventPage({ id }: { id: string }): JSX.Element {
  const { to } = usePlace();
  return (
    <>
      <h1>
        Event <Id of={id} />
      </h1>
      <Found query={useQuery("event", { id })}>
        {({ node }) =>
          node ? (
            <>
              <Facts
                of={[
                  ["Type", node.type],
                  ["Created", <Time at={node.createdAt} ago />],
                  ["Version", node.sequence],
                  [
                    "About",
                    node.subjectId.startsWith("pi_") ? (
                      <Link to={to(`payments/${node.subjectId}`)} row>
                        <Id of={node.subjectId} />
                      </Link>
                    ) : (
                      <Id of={node.subjectId} />
                    ),
                  ],
                  [
                    "Deliveries",
                    <Link to={to("deliveries", { event: id })}>to all endpoints</Link>,
                  ],
                ]}
              />
              <Json of={node.data} />
            </>
          ) : (
            <Empty>This merchant has no event with this id.</Empty>
          )
        }
      </Found>
    </>
  );
}
