package policy

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/plan"
)

// PlanFlag returns the flag that names a tracking plan. usage says what is done
// with what breaks the plan in this `FILE`.
func PlanFlag(usage string) cli.Flag { return &cli.StringFlag{Name: FlagPlan, Usage: usage} }

// Plan reads the tracking plan that the flag names, if it names one.
func Plan(c *cli.Context) (segment.Plan, error) {
	file := c.String(FlagPlan)
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading --%s: %w", FlagPlan, err)
	}
	read, err := plan.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", FlagPlan, file, err)
	}
	return read, nil
}
