import type { ComponentChildren, JSX } from "preact";
import { Link } from "../address";

/** One thing that may wait for somebody; its title leads to its page. */
export function Card({
  title,
  to,
  children,
}: {
  title: string;
  to?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="card">
      <h2>
        {to === undefined ? (
          title
        ) : (
          <Link to={to} row>
            {title}
          </Link>
        )}
      </h2>
      {children}
    </section>
  );
}
