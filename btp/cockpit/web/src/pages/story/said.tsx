// What a request or call said, and its answer: as far as it is kept, and without secrets.

import { useEffect, useState } from "preact/hooks";
import { get, Refusal } from "../../api/client";
import type { Recorded, RecordedBody, Recording } from "../../api/types";
import { texts } from "../../texts";
import { Copy } from "../../ui/copy";
import { Message, RefusedBy } from "../../ui/message";

const t = texts.story.said;

// Said shows both messages of an entry of the journal.
export function Said({ seq }: { seq: number }) {
  const [said, show] = useState<Recording>();
  const [refusal, refuse] = useState<Refusal>();
  useEffect(() => {
    let left = false;
    get<Recording>(`/control/journal/${seq}/message`).then(
      (r) => left || show(r),
      (e) => left || refuse(e as Refusal),
    );
    return () => {
      left = true;
    };
  }, [seq]);
  if (refusal?.code === "recording-not-found") return <Message tone="information">{`${t.gone} (${refusal.detail})`}</Message>;
  if (refusal) return <RefusedBy refusal={refusal} />;
  if (!said) return <p class="loading">{texts.common.loading}</p>;
  const { request: asked, response: answered } = said;
  return (
    <div class="said">
      <Part title={t.request} line={`${asked.method} ${asked.path}${asked.query ? "?" + asked.query : ""}`} message={asked} />
      {answered ? <Part title={t.response} line={String(answered.status)} message={answered} /> : <NoAnswer />}
    </div>
  );
}

function NoAnswer() {
  return (
    <section class="said__part" aria-label={t.response}>
      <h2 class="said__title">{t.response}</h2>
      <p>{t.noAnswer}</p>
    </section>
  );
}

function Part({ title, line, message }: { title: string; line: string; message: Recorded }) {
  return (
    <section class="said__part" aria-label={title}>
      <h2 class="said__title">{title}</h2>
      <p class="mono said__line">{line}</p>
      <dl class="said__headers" aria-label={t.headersOf(title)}>
        {message.headers.map((h, i) => (
          <div key={i}>
            <dt>{h.name}</dt>
            <dd>{h.value}</dd>
          </div>
        ))}
      </dl>
      {message.body && <Body of={title} body={message.body} />}
    </section>
  );
}

function Body({ of, body }: { of: string; body: RecordedBody }) {
  const name = t.bodyOf(of);
  return (
    <div class="said__body">
      <p class="said__about">
        <span class="hint">
          {[body.mediaType, t.bytes(body.size), body.cut && t.cut].filter(Boolean).join(", ")}
        </span>
        {body.text && <Copy text={body.text} what={name} />}
      </p>
      {body.text ? (
        <pre class="mono" tabIndex={0} role="region" aria-label={name}>
          {body.text}
        </pre>
      ) : (
        <p class="hint">{t.hidden(body.hidden ?? "")}</p>
      )}
    </div>
  );
}
