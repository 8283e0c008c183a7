package verify

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/pairsim/pairsim/features/steps"
)

// The scenarios are carried out here, and not by godog, which carries them out in the
// tests (package features): with it methods are called by name, for which the linker
// keeps all methods of everything in the program (ADR 44).

// The statuses of a step, in Cucumber's words.
const (
	stepPassed    = "passed"
	stepFailed    = "failed"
	stepSkipped   = "skipped"
	stepUndefined = "undefined"
	stepAmbiguous = "ambiguous"
)

// definition is what a sentence of a scenario does.
type definition struct {
	kind       messages.PickleStepType
	expression *regexp.Regexp
	step       reflect.Value
}

// definitions are those of one scenario.
type definitions struct{ all []definition }

var _ steps.Definer = (*definitions)(nil)

func (d *definitions) add(kind messages.PickleStepType, e *regexp.Regexp, step any) {
	d.all = append(d.all, definition{kind, e, reflect.ValueOf(step)})
}

// Given is steps.Definer.
func (d *definitions) Given(e *regexp.Regexp, step any) {
	d.add(messages.PickleStepType_CONTEXT, e, step)
}

// When is steps.Definer.
func (d *definitions) When(e *regexp.Regexp, step any) {
	d.add(messages.PickleStepType_ACTION, e, step)
}

// Then is steps.Definer.
func (d *definitions) Then(e *regexp.Regexp, step any) {
	d.add(messages.PickleStepType_OUTCOME, e, step)
}

// undefinedError says that a sentence has no definition, or more than one.
type undefinedError struct{ status, text string }

func (u undefinedError) Error() string { return "the step is " + u.status + ": " + u.text }

// find finds the definition of a sentence, and what it captures.
func (d *definitions) find(s *messages.PickleStep) (found definition, captured []string, err error) {
	matches := 0
	for _, one := range d.all {
		if one.kind != s.Type && s.Type != messages.PickleStepType_UNKNOWN {
			continue
		}
		if groups := one.expression.FindStringSubmatch(s.Text); groups != nil {
			found, captured = one, groups[1:]
			matches++
		}
	}
	switch matches {
	case 0:
		return found, nil, undefinedError{stepUndefined, s.Text}
	case 1:
		return found, captured, nil
	}
	return found, nil, undefinedError{stepAmbiguous, s.Text}
}

// carryOut carries out one scenario, within limit, each step until one does not hold.
func (t Target) carryOut(ctx context.Context, pickle *messages.Pickle, line int, limit time.Duration) *record {
	r := &record{began: time.Now(), pickle: pickle}
	r.Feature, r.Name, r.Line = pickle.Uri, pickle.Name, line
	for _, tag := range pickle.Tags {
		r.Tags = append(r.Tags, tag.Name)
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, recordKey{}, r), limit)
	defer cancel()
	var known definitions
	end := steps.Define(t.start, &known)
	for _, s := range pickle.Steps {
		r.sentence(ctx, &known, s)
	}
	if len(pickle.Steps) == 0 {
		r.err = errors.New("the scenario has no steps")
	}
	cancel()
	r.end(end())
	return r
}

// sentence carries out one step, or skips it.
func (r *record) sentence(ctx context.Context, known *definitions, s *messages.PickleStep) {
	one := stepRecord{id: s.Id, began: time.Now()}
	found, captured, err := known.find(s)
	status := stepSkipped
	var unknown undefinedError
	var skip notApplicable
	switch {
	case errors.As(err, &unknown):
		status = unknown.status
	case r.err != nil:
	default:
		err = found.call(ctx, captured, s.Argument)
		switch {
		case err == nil:
			status = stepPassed
		case !errors.As(err, &skip):
			status = stepFailed
		}
	}
	if found.step.IsValid() {
		one.does = found.name()
	}
	one.ended = time.Now()
	r.steps, r.Steps = append(r.steps, one), append(r.Steps, StepResult{s.Text, status})
	if err != nil && r.err == nil {
		r.err, r.Step = err, s.Text
	}
}

// name is the function's, as steps.(*world).theOperatorRegisters.
func (d definition) name() string {
	name := runtime.FuncForPC(d.step.Pointer()).Name()
	return strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], "-fm")
}

// call calls the function of a step. One that panics has failed.
func (d definition) call(ctx context.Context, captured []string, argument *messages.PickleStepArgument) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the step panicked: %v", p)
		}
	}()
	values, err := d.values(ctx, captured, argument)
	if err != nil {
		return err
	}
	if failed, ok := d.step.Call(values)[0].Interface().(error); ok {
		return failed
	}
	return nil
}

// values are what the function of a step wants.
func (d definition) values(ctx context.Context, captured []string, argument *messages.PickleStepArgument) (list []reflect.Value, err error) {
	kind := d.step.Type()
	next := func() (text string) {
		if len(captured) > 0 {
			text, captured = captured[0], captured[1:]
		} else {
			err = fmt.Errorf("the step %s wants more than is captured", d.expression)
		}
		return text
	}
	for i := range kind.NumIn() {
		var v any
		switch in := kind.In(i); in {
		case reflect.TypeFor[context.Context]():
			v = ctx
		case reflect.TypeFor[string]():
			v = next()
		case reflect.TypeFor[int]():
			n, wrong := strconv.Atoi(next())
			v, err = n, errors.Join(err, wrong)
		case reflect.TypeFor[uint64]():
			n, wrong := strconv.ParseUint(next(), 10, 64)
			v, err = n, errors.Join(err, wrong)
		case reflect.TypeFor[*messages.PickleTable]():
			if argument == nil || argument.DataTable == nil {
				return nil, fmt.Errorf("the step %s wants a table", d.expression)
			}
			v = argument.DataTable
		default:
			return nil, fmt.Errorf("the step %s wants a %s", d.expression, in)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, reflect.ValueOf(v))
	}
	if len(captured) > 0 {
		return nil, fmt.Errorf("the step %s captures more than it wants", d.expression)
	}
	return list, nil
}
