import { CloudOff } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Empty, Spinner } from "./empty.tsx";
import type { Asked } from "./use-asked.ts";

type PageProps = { readonly title: string; readonly intro?: ReactNode; readonly tools?: ReactNode; readonly children: ReactNode };

export function Page({ title, intro, tools, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Ashlar`;
  }, [title]);
  return (
    <div className="page">
      <header className="page__head">
        <div>
          <h1>{title}</h1>
          {intro !== undefined && <p className="muted">{intro}</p>}
        </div>
        {tools !== undefined && <div className="page__tools">{tools}</div>}
      </header>
      {children}
    </div>
  );
}

type AnsweredProps<Value> = { readonly asked: Asked<Value>; readonly again: () => void; readonly children: (value: Value) => ReactNode };

export function Answered<Value>({ asked, again, children }: AnsweredProps<Value>) {
  switch (asked.state) {
    case "asking":
      return <Spinner label="Reading" />;
    case "failed":
      return (
        <Empty
          icon={CloudOff}
          title="This cannot be read now"
          actions={
            <button type="button" className="button button--primary" onClick={again}>
              Try again
            </button>
          }
        >
          {asked.why}
        </Empty>
      );
    case "here":
      return children(asked.value);
  }
}
