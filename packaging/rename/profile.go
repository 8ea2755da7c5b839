package main

import (
	"bytes"
	"fmt"

	"github.com/google/pprof/profile"
)

// inProfile renames the functions of the module in a profile. Without that, the
// compiler would find none of them, and build a slower binary without a word.
func (n namer) inProfile(data []byte) ([]byte, error) {
	samples, err := profile.ParseData(data)
	if err != nil {
		return nil, fmt.Errorf("reading the profile: %w", err)
	}
	isNamed := false
	for _, f := range samples.Function {
		for _, name := range []*string{&f.Name, &f.SystemName, &f.Filename} {
			renamed := string(n.inText([]byte(*name), false))
			isNamed = isNamed || renamed != *name
			*name = renamed
		}
	}
	if !isNamed {
		return data, nil
	}
	var out bytes.Buffer
	if err := samples.Write(&out); err != nil {
		return nil, fmt.Errorf("writing the profile: %w", err)
	}
	return out.Bytes(), nil
}
