package eventmesh

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Workers do the due work of event buses; p calls webhooks.
func Workers(p Pusher) map[btp.DueKind]btp.Worker {
	return map[btp.DueKind]btp.Worker{ //nolint:exhaustive // the other kinds are done elsewhere
		btp.DueMessageExpiry:    messageExpires,
		btp.DueWebhookHandshake: func(s *btp.Step, id string) (*btp.Work, error) { return greet(s, p, id) },
		btp.DueWebhookPush:      func(s *btp.Step, id string) (*btp.Work, error) { return push(s, p, id) },
	}
}

// pushPause is how long a message waits after it was sent n times in vain: 15
// minutes, then slower (service-apis §6).
func pushPause(n int) time.Duration {
	const first, most = 15 * time.Minute, 4 * time.Hour
	if n > 4 {
		return most
	}
	return first << (n - 1)
}

// wakeWebhooks lets those of a queue have what has come.
func wakeWebhooks(s *btp.Step, queue string) error {
	list, err := webhooksOf(s, btp.ObjectFilter{Parent: queue})
	if err != nil {
		return err
	}
	for _, w := range list {
		if !w.Runs() {
			continue
		}
		// Work that is due keeps its claim, and a message that is sent again its instant:
		// both go on with what waits. Only who waits for a consumer is woken.
		if d, there, err := s.Due().Find(btp.DueWebhookPush, w.ID); err != nil {
			return err
		} else if there && (w.Attempts > 0 || !d.At.After(s.Now())) {
			continue
		}
		if err := s.Schedule(s.Now(), btp.DueWebhookPush, w.ID); err != nil {
			return err
		}
	}
	return nil
}

func webhookBy(s *btp.Step, id string) (w Webhook, ok bool, err error) {
	o, ok, err := s.Objects().Find(btp.KindWebhook, id)
	if err != nil || !ok {
		return w, false, err
	}
	w, err = webhookOf(o)
	return w, true, err
}

// failureText is why a call failed, for everybody to see.
func failureText(failure error) string {
	var refused *btp.Error
	if errors.As(failure, &refused) {
		return refused.Detail
	}
	return "internal error"
}

// greet asks a webhook whether it wants messages. Who does not answer is asked again
// when somebody says so: until then nothing is sent.
func greet(s *btp.Step, p Pusher, id string) (*btp.Work, error) {
	w, ok, err := webhookBy(s, id)
	if err != nil || !ok || w.Handshake != HandshakeOpen || p == nil {
		return nil, err
	}
	return &btp.Work{
		Point: btp.PointWebhookGreet,
		Call:  func(ctx context.Context) error { return p.Greet(ctx, w) },
		Finish: func(s *btp.Step, failure error) error {
			w, ok, err := webhookBy(s, id)
			if err != nil || !ok {
				return err
			}
			w.Handshake, w.Failure = HandshakeDone, ""
			text := "wants messages"
			if failure != nil {
				w.Handshake, w.Failure = HandshakeRefused, failureText(failure)
				text = "is not sent any: " + w.Failure
			}
			s.Decided(btp.PointWebhookGreet, nil, "service-apis §6", "the webhook of push subscription "+w.Name+" "+text)
			if failure != nil {
				return w.put(s)
			}
			return errors.Join(w.put(s), s.Schedule(s.Now(), btp.DueWebhookPush, id))
		},
	}, nil
}

// push sends the oldest message of its queue to a webhook: one at a time, so that
// they arrive in order. Until it is over nobody else has the message.
func push(s *btp.Step, p Pusher, id string) (*btp.Work, error) {
	w, ok, err := webhookBy(s, id)
	if err != nil || !ok || !w.Runs() || p == nil {
		return nil, err
	}
	q, ok, err := queueBy(s, w.queue)
	if err != nil || !ok {
		return nil, err
	}
	m, ok, err := q.next(s, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return q.awaited(id), q.put(s) // without what has expired
	}
	q.take(&m, time.Time{}, id)
	if err := q.put(s); err != nil {
		return nil, err
	}
	return &btp.Work{
		Point:  btp.PointWebhookPush,
		Call:   func(ctx context.Context) error { return p.Push(ctx, w, m) },
		Finish: func(s *btp.Step, failure error) error { return pushed(s, id, m, failure) },
	}, nil
}

// awaited looks again for a webhook when the first consumer's time is up who has a
// message and has not acknowledged it; nil when nobody has one.
func (q *Queue) awaited(webhook string) *btp.Work {
	var first time.Time
	for _, t := range q.Taken {
		if t.By == "" && (first.IsZero() || t.Until.Before(first)) {
			first = t.Until
		}
	}
	if first.IsZero() {
		return nil
	}
	return &btp.Work{
		Point:  btp.PointWebhookPush,
		Finish: func(s *btp.Step, _ error) error { return s.Schedule(first, btp.DueWebhookPush, webhook) },
	}
}

// pushed ends an attempt, and schedules the next one or the next message.
func pushed(s *btp.Step, id string, m Message, failure error) error {
	w, ok, err := webhookBy(s, id)
	if err != nil || !ok {
		return err
	}
	q, ok, err := queueBy(s, w.queue)
	if err != nil || !ok {
		return err
	}
	again := s.Now()
	_, there, err := s.Objects().Find(btp.KindMessage, m.ID)
	if err != nil {
		return err
	}
	tell := func(text string) {
		s.Decided(btp.PointWebhookPush, nil, "service-apis §6", fmt.Sprintf("message %s of queue %s %s push subscription %s", m.ID, q.Name, text, w.Name))
	}
	switch {
	case failure == nil:
		tell("is delivered to")
		w.Attempts, w.Failure = 0, ""
	case w.QoS == AtMostOnce:
		tell("is dropped after the attempt of")
		w.Attempts, w.Failure = 0, failureText(failure)
	default:
		w.Attempts++
		w.Failure = failureText(failure)
		again = s.Now().Add(pushPause(w.Attempts))
		tell(fmt.Sprintf("is sent again in %s to", pushPause(w.Attempts)))
	}
	if there && (failure == nil || w.QoS == AtMostOnce) {
		if err := q.remove(s, &m); err != nil {
			return err
		}
	}
	if !w.Runs() { // paused meanwhile
		q.release(s, id)
		return errors.Join(q.put(s), w.put(s))
	}
	return errors.Join(q.put(s), w.put(s), s.Schedule(again, btp.DueWebhookPush, id))
}
