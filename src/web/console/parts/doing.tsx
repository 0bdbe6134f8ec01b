import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type Action, useAction } from "../action";
import { ErrorNote } from "./notes";

/*
 * A button that does something. What is harmless to repeat takes one press; what is not, a dialog that says in words what
 * will happen and asks why; and what moves money or many things, also the amount or the number, typed.
 */

interface Question {
  readonly effect: ComponentChildren;
  readonly reason?: "required" | "optional" | undefined;
  /** What has to be typed, letter by letter. */
  readonly typed?: string | undefined;
  readonly fields?: ComponentChildren;
}

interface DoingProps {
  readonly label: string;
  readonly question?: Question | undefined;
  readonly run: (act: Action["run"], reason: string) => Promise<unknown>;
  /** Called with what came of it. */
  readonly done?: (() => void) | undefined;
  readonly danger?: boolean | undefined;
  readonly disabled?: string | undefined;
}

export function Doing(props: DoingProps): JSX.Element {
  const { label, question, run, done, danger, disabled } = props;
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const start = async (reason: string): Promise<void> => {
    if (action.isBusy) return;
    const answer = await run(action.run, reason);
    if (answer === undefined) return;
    setAsking(false);
    done?.();
  };
  const press = (): void => {
    if (question) setAsking(true);
    else void start("");
  };
  return (
    <span class="doing">
      <button
        type="button"
        class={danger === true ? "danger" : undefined}
        disabled={disabled !== undefined}
        title={disabled}
        aria-busy={action.isBusy}
        onClick={press}
      >
        {action.isBusy ? `${label} …` : label}
      </button>
      {action.error && !isAsking && <ErrorNote error={action.error} />}
      {question && isAsking && (
        <Ask
          {...props}
          question={question}
          action={action}
          start={start}
          close={() => {
            setAsking(false);
          }}
        />
      )}
    </span>
  );
}

interface AskProps extends DoingProps {
  readonly question: Question;
  readonly action: Action;
  readonly start: (reason: string) => Promise<void>;
  readonly close: () => void;
}

function Ask({ label, question, action, start, close, danger }: AskProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const isReady =
    (question.reason !== "required" || reason.trim() !== "") &&
    (question.typed === undefined || typed.trim() === question.typed);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isReady) void start(reason.trim());
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={close}>
      <form onSubmit={submit}>
        <h2 id={title}>{label}</h2>
        <p>{question.effect}</p>
        {question.fields}
        {question.reason && (
          <label>
            Reason, for the record{question.reason === "optional" ? " (optional)" : ""}
            <textarea
              rows={2}
              maxLength={1_000}
              value={reason}
              onInput={(event) => {
                setReason(event.currentTarget.value);
              }}
            />
          </label>
        )}
        {question.typed !== undefined && (
          <label>
            <span>
              Type <strong>{question.typed}</strong> to confirm
            </span>
            <input
              autocomplete="off"
              value={typed}
              onInput={(event) => {
                setTyped(event.currentTarget.value);
              }}
            />
          </label>
        )}
        {action.error && <ErrorNote error={action.error} />}
        <footer>
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button
            type="submit"
            class={danger === true ? "danger" : "main"}
            disabled={!isReady}
            aria-busy={action.isBusy}
          >
            {action.isBusy ? `${label} …` : label}
          </button>
        </footer>
      </form>
    </dialog>
  );
}
