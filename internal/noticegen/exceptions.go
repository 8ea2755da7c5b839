package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// free are the licences that let anybody use, change and hand on what is under
// them, and ask for no more than that the text comes along.
var free = []string{"Apache-2.0", "MIT", "BSD", "ISC", "Unlicense"}

// weakCopyleft lists what is linked under a licence that asks for changes to its
// own files to be published. We change none of them.
var weakCopyleft = map[string]string{
	"github.com/hashicorp/golang-lru/v2":     "caches of the engine",
	"github.com/hashicorp/golang-lru/arc/v2": "caches of the engine",
	"github.com/hashicorp/go-uuid":           "Kerberos for Kafka",
	"github.com/go-sql-driver/mysql":         "the driver `mysql` of the SQL components",
	"github.com/gosimple/slug":               "the Bloblang method `slug`",
}

// weakCopyleftLicence is the licence of all of weakCopyleft.
const weakCopyleftLicence = "MPL-2.0"

// Licences of files of Connect. Its modules have one licence, this one has one in
// the head of each file.
const (
	apache    = "Apache-2.0"
	community = "RCL"
	business  = "BSL"
	mit       = "MIT"
)

// exception allows the files of a package of Connect to be under another licence
// than Apache-2.0.
type exception struct {
	licence string
	// tags are the build tags without which the package is not linked.
	tags string
	// why is what links it, and what follows.
	why string
}

const cloud = "cloud"

// isFor says whether the exception allows a licence in the binary with these
// build tags. One that is not there allows none.
func (e exception) isFor(licence, tags string) bool {
	return e.licence == licence && (e.tags == "" || e.tags == tags)
}

var exceptions = map[string]exception{
	"internal/serviceaccount": {community, "", "`kafka` imports it for one SASL mechanism, that of Redpanda Cloud"},
	"internal/impl/protobuf/common": {business, "", "`confluent` and `protobuf` decode Protobuf with it. Its files name a text, " +
		"`licenses/BSL.md`, that Connect does not have, and Connect's own page of licences knows Apache-2.0 and RCL only"},

	"internal/impl/aws/dynamodb":                        {community, cloud, "the input `aws_dynamodb_cdc`"},
	"internal/impl/mysql":                               {community, cloud, "`aws` imports the input `mysql_cdc`, for passwords that AWS makes"},
	"internal/impl/postgresql":                          {community, cloud, "`aws` imports the input `postgres_cdc`, for passwords that AWS makes"},
	"internal/impl/postgresql/pglogicalstream":          {community, cloud, "a part of `postgres_cdc`"},
	"internal/impl/postgresql/pglogicalstream/sanitize": {mit, cloud, "a part of `postgres_cdc`"},
	"internal/replication":                              {community, cloud, "a part of `mysql_cdc` and `postgres_cdc`"},
	"internal/sqlutil":                                  {community, cloud, "a part of `mysql_cdc` and `postgres_cdc`"},
	"internal/license":                                  {community, cloud, "looks for a licence key of Redpanda"},
}

// communityModules are modules that are under Redpanda's licence as a whole.
var communityModules = map[string]exception{
	"github.com/redpanda-data/common-go/license": {community, cloud, "a part of `internal/license`"},
}

// exceptedFile is a file of Connect under another licence than Apache-2.0.
type exceptedFile struct{ pkg, name, licence string }

// exceptedFiles adds the files of Connect that are under another licence than
// Apache-2.0.
func exceptedFiles(packages []linkedPackage, files map[string]exceptedFile) error {
	for _, p := range packages {
		if p.Module == nil || p.Module.Path != connect {
			continue
		}
		pkg := strings.TrimPrefix(p.ImportPath, connect+"/")
		for _, name := range p.GoFiles {
			source, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				return fmt.Errorf("reading the licence of a file: %w", err)
			}
			if licence := licenceOfFile(source); licence != apache {
				files[pkg+"/"+name] = exceptedFile{pkg, name, licence}
			}
		}
	}
	return nil
}

// licenceOfFile names the licence in the head of a file of Connect.
func licenceOfFile(source []byte) string {
	head, _, _ := bytes.Cut(append([]byte("\n"), source...), []byte("\npackage "))
	words := strings.Join(strings.Fields(strings.NewReplacer("//", "", "*", "").Replace(string(head))), " ")
	for _, known := range []struct{ licence, words string }{
		{community, "Redpanda Community License"},
		{business, "Business Source License"},
		{apache, "Licensed under the Apache License, Version 2.0"},
		{mit, "MIT License"},
	} {
		if strings.Contains(words, known.words) {
			return known.licence
		}
	}
	return "unknown"
}

// judge says what may not be linked into the binary with these build tags, and
// which exceptions it no longer needs.
func judge(b binary, tags string) (complaints []string) {
	return append(judgeModules(b.modules, tags), judgeFiles(b.excepted, tags)...)
}

func judgeModules(modules []module, tags string) (complaints []string) {
	copyleft := map[string]bool{}
	for _, m := range modules {
		for _, licence := range m.licences {
			switch {
			case slices.Contains(free, licence):
			case m.path == connect && licence == community: // It has two, file by file.
			case communityModules[m.path].isFor(licence, tags):
			case licence == weakCopyleftLicence && weakCopyleft[m.path] != "":
				copyleft[m.path] = true
			default:
				complaints = append(complaints, fmt.Sprintf("%s is under %s, which is not among the licences that we link", m.path, licence))
			}
		}
	}
	for path := range weakCopyleft {
		if !copyleft[path] {
			complaints = append(complaints, fmt.Sprintf("%s is not linked any more, or has another licence: remove it from weakCopyleft", path))
		}
	}
	return complaints
}

func judgeFiles(files []exceptedFile, tags string) (complaints []string) {
	used := map[string]bool{}
	for _, f := range files {
		if !exceptions[f.pkg].isFor(f.licence, tags) {
			complaints = append(complaints, fmt.Sprintf("%s/%s of Connect is under %s", f.pkg, f.name, f.licence))
		}
		used[f.pkg] = true
	}
	for pkg, allowed := range exceptions {
		if !used[pkg] && (allowed.tags == "" || allowed.tags == tags) {
			complaints = append(complaints, fmt.Sprintf("%s of Connect is not linked any more: remove it from exceptions", pkg))
		}
	}
	return complaints
}
