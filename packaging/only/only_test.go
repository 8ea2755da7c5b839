package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// written is what is looked at of a recipe.
type written struct {
	Env    []string `yaml:"env"`
	Before struct {
		Hooks []string `yaml:"hooks"`
	} `yaml:"before"`
	Builds []struct {
		ID      string   `yaml:"id"`
		Goos    []string `yaml:"goos"`
		Targets []string `yaml:"targets"`
		Flags   []string `yaml:"flags"`
	} `yaml:"builds"`
	Archives, Sboms, Nfpms []struct {
		ID string `yaml:"id"`
	}
}

func recipeOf(t *testing.T, targets ...string) (w written) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(append([]string{"-root", "../.."}, targets...), &out))
	require.NoError(t, yaml.Unmarshal(out.Bytes(), &w))
	return w
}

func TestTheRecipeOfSomeTargetsHasWhatIsMadeOfThem(t *testing.T) {
	w := recipeOf(t, "cloud/linux/amd64", "cloud/darwin/arm64", "segment-sandbox/windows/amd64")
	require.Len(t, w.Builds, 2)
	assert.Equal(t, "cloud", w.Builds[0].ID)
	assert.Equal(t, []string{"linux_amd64", "darwin_arm64"}, w.Builds[0].Targets)
	assert.Empty(t, w.Builds[0].Goos, "or it would have all of them")
	assert.Equal(t, []string{"-trimpath", "-buildvcs=true"}, w.Builds[0].Flags, "the same recipe")
	assert.Equal(t, []string{"windows_amd64"}, w.Builds[1].Targets)
	require.Len(t, w.Archives, 2)
	assert.Equal(t, "cloud", w.Archives[0].ID)
	assert.Equal(t, "segment-sandbox", w.Archives[1].ID)
	assert.Len(t, w.Sboms, 2)
	assert.Empty(t, w.Nfpms)
	assert.NotEmpty(t, w.Env)
	require.Len(t, w.Before.Hooks, 2, "those which write the notice of cloud and the page of the sandbox")
	assert.Contains(t, w.Before.Hooks[0], "bin/NOTICE.cloud")
	assert.Contains(t, w.Before.Hooks[1], "bin/README.sandbox.md")
}

// A deb is made of a binary for Linux: goreleaser fails where there is none.
func TestPackagesAreMadeForLinuxAlone(t *testing.T) {
	assert.Empty(t, recipeOf(t, "benthos-segment/windows/amd64").Nfpms)
	assert.Len(t, recipeOf(t, "benthos-segment/windows/amd64", "benthos-segment/linux/arm64").Nfpms, 1)
}

func TestWhatIsNoTargetIsSaid(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"none":              {nil, "only needs targets, such as cloud/linux/amd64"},
		"another processor": {[]string{"cloud/linux/mips"}, "there is no target cloud/linux/mips: the targets are benthos-segment/linux/amd64, "},
		"no plugin there":   {[]string{"segment-connect-plugin/windows/amd64"}, "there is no target"},
		"half a name":       {[]string{"cloud"}, "there is no target cloud"},
		"no repository":     {[]string{"-root", "/", "cloud/linux/amd64"}, "reading the recipe"},
	} {
		t.Run(name, func(t *testing.T) {
			args := test.args
			if name != "no repository" {
				args = append([]string{"-root", "../.."}, args...)
			}
			assert.ErrorContains(t, run(args, &bytes.Buffer{}), test.want)
		})
	}
}
