package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// recipe is .goreleaser.yaml, of which builds and what is made of them are changed.
type recipe map[string]any

// part is a build, or what is made of one: an archive, a package, a list of parts.
type part = map[string]any

// keep leaves the targets alone that are named as ID/SYSTEM/PROCESSOR, and what is
// made of them.
func (r recipe) keep(targets []string) error {
	if len(targets) == 0 {
		return errors.New("only needs targets, such as cloud/linux/amd64")
	}
	builds, err := r.parts("builds")
	if err != nil {
		return err
	}
	of := make(map[string][]string)
	for _, target := range targets {
		build, platform, err := find(builds, target)
		if err != nil {
			return err
		}
		of[build] = append(of[build], platform)
	}
	r["builds"] = slices.DeleteFunc(builds, func(build part) bool { return of[text(build["id"])] == nil })
	for _, build := range r["builds"].([]part) {
		delete(build, "goos")
		delete(build, "goarch")
		build["targets"] = of[text(build["id"])]
	}
	for _, made := range []string{"archives", "sboms", "nfpms"} {
		parts, err := r.parts(made)
		if err != nil {
			return err
		}
		r[made] = slices.DeleteFunc(parts, func(p part) bool { return !isMade(made, p, of) })
	}
	r.keepHooks()
	return nil
}

// keepHooks leaves out what writes a file that no archive takes any more.
func (r recipe) keepHooks() {
	before, _ := r["before"].(part)
	if before == nil {
		return
	}
	var taken []string
	for _, archive := range r["archives"].([]part) {
		files, _ := archive["files"].([]any)
		for _, file := range files {
			if f, isPart := file.(part); isPart {
				taken = append(taken, text(f["src"]))
			}
		}
	}
	before["hooks"] = slices.DeleteFunc(list(before["hooks"]), func(hook string) bool {
		return !slices.ContainsFunc(taken, func(file string) bool { return strings.Contains(hook, " "+file) })
	})
}

// isMade says whether a part has the builds that it is made of. A deb and an rpm
// want one for Linux.
func isMade(kind string, p part, of map[string][]string) bool {
	ids, _ := p["ids"].([]any)
	for _, id := range ids {
		platforms := of[text(id)]
		if kind == "nfpms" {
			platforms = slices.DeleteFunc(slices.Clone(platforms), func(platform string) bool { return !strings.HasPrefix(platform, "linux_") })
		}
		if len(platforms) > 0 {
			return true
		}
	}
	return false
}

// find returns the build of a target, and its platform in goreleaser's words.
func find(builds []part, target string) (id, platform string, err error) {
	var known []string
	for _, build := range builds {
		for _, system := range list(build["goos"]) {
			for _, processor := range list(build["goarch"]) {
				name := text(build["id"]) + "/" + system + "/" + processor
				if name == target {
					return text(build["id"]), system + "_" + processor, nil
				}
				known = append(known, name)
			}
		}
	}
	return "", "", fmt.Errorf("there is no target %s: the targets are %s", target, strings.Join(known, ", "))
}

// parts are those of a section.
func (r recipe) parts(section string) ([]part, error) {
	all, _ := r[section].([]any)
	parts := make([]part, len(all))
	for n, one := range all {
		p, isPart := one.(part)
		if !isPart {
			return nil, fmt.Errorf("reading .goreleaser.yaml: %s must be a list of objects", section)
		}
		parts[n] = p
	}
	return parts, nil
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

func list(value any) (all []string) {
	values, _ := value.([]any)
	for _, v := range values {
		all = append(all, text(v))
	}
	return all
}
