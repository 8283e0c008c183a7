package modeltest

import (
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/snapshot"
)

// written is everything that the world holds, as a snapshot document.
func (w *world) written() (string, error) {
	c, err := w.Contents(w.ctx)
	if err != nil {
		return "", err
	}
	c.Environment.ID = "" // a world that was moved has another name
	text, err := snapshot.New(&c, nil).Encode()
	return string(text), err
}

// read is what a document says, by every check that it must pass.
func read(text string) (btp.Contents, error) {
	d, err := snapshot.Read([]byte(text))
	if err == nil {
		err = d.Importable()
	}
	if err != nil {
		var refused *btp.Error
		if errors.As(err, &refused) {
			return btp.Contents{}, fmt.Errorf("a snapshot of the world is refused: %v", refused.Findings)
		}
		return btp.Contents{}, err
	}
	return d.Contents(), nil
}

// restore puts what the world holds in the place of what it holds: nobody sees
// anything of that, then or later.
func (w *world) restore(op) error {
	before, err := w.written()
	if err != nil {
		return err
	}
	c, err := read(before)
	if err != nil {
		return err
	}
	if err := w.Replace(w.ctx, c); err != nil {
		return errors.New(err.Error()) // no refusal is expected
	}
	return w.isStill(before)
}

// move lets the world go on in a fresh environment, of the same store, that begins
// as it is.
func (w *world) move(op) error {
	before, err := w.written()
	if err != nil {
		return err
	}
	c, err := read(before)
	if err != nil {
		return err
	}
	w.Close()
	w.config.Contents, w.config.Environment = &c, btp.EnvironmentID(fmt.Sprint("world-", worlds.Add(1)))
	if err := w.start(); err != nil {
		return errors.New(err.Error())
	}
	return w.isStill(before)
}

func (w *world) isStill(before string) error {
	after, err := w.written()
	if err != nil {
		return err
	}
	if after != before {
		return fmt.Errorf("the snapshot of what was restored differs (-before +after):\n%s", cmp.Diff(before, after))
	}
	return nil
}

func (m *model) restore(op) string { return "" }
