package verify_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
	"benthos-segment/plugin/segmenttest"
)

// following is the source with a tracking plan.
func following(rules ...string) segmenttest.Workspace {
	source := website
	source.TrackingPlan = &segmenttest.TrackingPlan{Name: "Shop"}
	for _, rule := range rules {
		source.TrackingPlan.Rules = append(source.TrackingPlan.Rules, json.RawMessage(rule))
	}
	return segmenttest.Workspace{Sources: []segmenttest.Source{source}}
}

const clicked = `{"type":"TRACK","key":"Clicked","version":2,"jsonSchema":{"labels":{"owner":"web"},"properties":{"properties":{"required":["n"]}}},"deprecatedAt":"0001-01-01T00:00:00.000Z"}`

func TestTheTrackingPlanOfTheSourceIsWritten(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	sb := segmenttest.New(t)
	sb.SetWorkspace(following(clicked, `{"type":"IDENTIFY","version":1,"jsonSchema":{}}`, `{"type":"COMMON","key":null,"version":1,"jsonSchema":{}}`))
	file := filepath.Join(t.TempDir(), "plan.json")

	said, code := run(t, "--api", sb.PublicAPI(), "--source-only", "--plan", file, usualPipeline(t, sb))

	assert.Equal(t, command.Good, code, said)
	assert.Contains(t, said, `the tracking plan "Shop" with 3 rules is in `+file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	read, err := plan.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, 3, read.Rules())
	event := []byte(`{"type":"track","event":"Clicked","properties":{}}`)
	found := read.Judge(segment.Track, event, event)
	require.Len(t, found, 1)
	assert.Equal(t, `the rule for track "Clicked", version 2, owner:web`, found[0].Rule.String())
}

func TestWhyThereIsNoTrackingPlan(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	without := following(clicked)
	without.Without = []string{"tracking-plans"}
	for name, test := range map[string]struct {
		workspace segmenttest.Workspace
		file      string
		says      string
		code      command.Code
	}{
		"no plan":         {segmenttest.Workspace{Sources: []segmenttest.Source{website}}, "", "the source follows no tracking plan, so there is none to write", command.Wrong},
		"not in the plan": {without, "", "asking for the tracking plan", command.CouldNotRun},
		"no rules":        {following(), "", "the tracking plan at Segment cannot be used, so", command.CouldNotRun},
		"a wrong rule":    {following(`{"type":"TRACK","key":"E","version":1,"jsonSchema":{"type":"money"}}`), "", "is not a valid JSON Schema", command.CouldNotRun},
		"no such folder":  {following(clicked), "/no/such/folder/plan.json", "writing the tracking plan: open /no/such/folder/plan.json", command.CouldNotRun},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			sb.SetWorkspace(test.workspace)
			file := test.file
			if file == "" {
				file = filepath.Join(t.TempDir(), "plan.json")
			}
			said, code := run(t, "--api", sb.PublicAPI(), "--source-only", "--plan", file, usualPipeline(t, sb))
			assert.Contains(t, said, test.says)
			assert.Equal(t, test.code, code, said)
			assert.NoFileExists(t, file)
		})
	}
}

func TestTheTrackingPlanIsThatOfOneSource(t *testing.T) {
	t.Setenv("SEGMENT_PUBLIC_API_TOKEN", token)
	sb := segmenttest.New(t)
	two := pipeline(t, `
  broker:
    outputs:
      - segment: {write_key: a-write-key, endpoint: "`+sb.URL+`"}
      - segment: {write_key: another, endpoint: "`+sb.URL+`"}
`)
	said, code := run(t, "--api", sb.PublicAPI(), "--plan", filepath.Join(t.TempDir(), "plan.json"), two)
	assert.Contains(t, said, "--plan takes the plan of one source, and the outputs of the pipeline send to 2")
	assert.Equal(t, command.CouldNotRun, code)
}
