package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A setting is a flag that is also an environment variable and a key of the
// configuration file; docs/configuration.md lists all.
const (
	settingAnnotation = "pairsim-setting" // holds the key
	environmentPrefix = "PAIRSIM_"
	maxConfigFile     = 1 << 20 // bytes
)

// markSetting makes a setting of a flag, under a key.
func markSetting(f *pflag.Flag, key string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[settingAnnotation] = []string{key}
}

// settingKey is a flag's key in the configuration file, "" if it is no setting.
func settingKey(f *pflag.Flag) string {
	if keys := f.Annotations[settingAnnotation]; len(keys) > 0 {
		return keys[0]
	}
	return ""
}

// variable is the environment variable of a key.
func variable(key string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// loadSettings fills in from the environment, then from the configuration file,
// what the command line left open. An empty variable is none.
func loadSettings(flags *pflag.FlagSet, environ func() []string) error {
	keys := allKeys()
	// No key holds the delimiter: all stand at the top.
	k := koanf.New("\x00")
	path, err := loadConfigFile(k, flags, environ, keys)
	if err != nil {
		return err
	}
	byVariable := map[string]string{}
	for _, key := range keys {
		byVariable[variable(key)] = key
	}
	fromEnvironment := map[string]bool{}
	err = k.Load(env.Provider("\x00", env.Opt{Prefix: environmentPrefix, EnvironFunc: environ, TransformFunc: func(name, value string) (string, any) {
		key := byVariable[name]
		if value == "" {
			key = ""
		}
		fromEnvironment[key] = true
		return key, value
	}}), nil)
	if err != nil {
		return err
	}
	settings := k.Raw()
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		key := settingKey(f)
		value, given := settings[key]
		if key == "" || f.Changed || !given {
			return
		}
		if err := assign(flags, f, value); err != nil {
			source := path + ": " + key
			if fromEnvironment[key] {
				source = variable(key)
			}
			errs = append(errs, usagef("%s: %v", source, err))
		}
	})
	return errors.Join(errs...)
}

// allKeys are the keys of all commands: one file may serve them all.
func allKeys() []string {
	var keys []string
	collect := func(f *pflag.Flag) {
		if key := settingKey(f); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	newServeCommand().Flags().VisitAll(collect)
	newClientCommand(&cobra.Command{}).Flags().VisitAll(collect)
	return keys
}

func loadConfigFile(k *koanf.Koanf, flags *pflag.FlagSet, environ func() []string, keys []string) (path string, err error) {
	if f := flags.Lookup("config"); f != nil {
		path = f.Value.String()
	}
	for _, line := range environ() {
		if value, ok := strings.CutPrefix(line, variable("config")+"="); ok && path == "" {
			path = value
		}
	}
	if path == "" {
		return "", nil
	}
	if err := k.Load(boundedFile(path), yaml.Parser()); err != nil {
		return path, usagef("configuration file %s: %v", path, err)
	}
	var unknown []string
	for key := range k.Raw() {
		if !slices.Contains(keys, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 {
		return path, usagef("configuration file %s: there is no setting %s", path, strings.Join(unknown, ", "))
	}
	return path, nil
}

// assign sets a flag from a value of the file or the environment.
func assign(flags *pflag.FlagSet, f *pflag.Flag, value any) error {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		for _, item := range v {
			if err := assign(flags, f, item); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for name, item := range v {
			if err := flags.Set(f.Name, fmt.Sprintf("%s=%v", name, item)); err != nil {
				return errors.New("must not be an object, or holds something that does not fit")
			}
		}
		return nil
	}
	text := fmt.Sprint(value)
	if err := flags.Set(f.Name, text); err != nil {
		// pflag names the flag, which the reader did not write.
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return fmt.Errorf("%q: %w", text, err)
	}
	return nil
}

// boundedFile is a koanf provider.
type boundedFile string

func (p boundedFile) ReadBytes() ([]byte, error) {
	file, err := os.Open(string(p))
	if err != nil {
		return nil, errors.Unwrap(err) // the path is told already
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxConfigFile+1))
	if err == nil && len(data) > maxConfigFile {
		err = fmt.Errorf("larger than %d bytes", maxConfigFile)
	}
	return data, err
}

func (boundedFile) Read() (map[string]any, error) { return nil, errors.ErrUnsupported }
