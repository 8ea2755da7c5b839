package report

import (
	"fmt"
	"math"
	"strings"
)

// Point is one place on an axis, and what was measured there.
type Point struct {
	X                float64
	Microseconds     float64
	Rate             float64
	Requests, Events int
	Peak             int64
}

// Curve is the cost of an event along one axis.
type Curve struct {
	ID, Title, Unit string
	Points          []Point
}

func (c Curve) file() string { return "growth-" + c.ID + ".svg" }

// Markdown is the curve as a table.
func (c Curve) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "| %s | CPU µs/event | events/s | events a request | peak MB |\n|--:|--:|--:|--:|--:|\n", c.Title)
	for _, p := range c.Points {
		fmt.Fprintf(&text, "| %s %s | %.1f | %s | %s | %d |\n", thousands(p.X), c.Unit, p.Microseconds,
			thousands(p.Rate), thousands(float64(p.Events)/float64(max(1, p.Requests))), p.Peak>>20)
	}
	return text.String()
}

// plot draws the curve. Both axes are logarithmic: what is in proportion is a
// straight line, and what does not depend on it a flat one.
func (c Curve) plot() string {
	const left, top, width, height = 60, 16, 420, 180
	low, high := c.decades()
	x := func(v float64) int { return left + int(width*position(v, c.Points[0].X, c.Points[len(c.Points)-1].X)) }
	y := func(v float64) int { return top + height - int(height*position(v, low, high)) }
	var svg strings.Builder
	open(&svg, left+width+40, top+height+46, "CPU per event by "+c.Title)
	for v := low; v <= high*1.001; v *= 10 {
		fmt.Fprintf(&svg, `<line x1="%d" y1="%d" x2="%d" y2="%[2]d" stroke="%[4]s" stroke-opacity="0.35"/>`+"\n", left, y(v), left+width, ink)
		text(&svg, left-8, y(v)+4, "end", thousands(v)+" µs")
	}
	line := ""
	for _, p := range c.Points {
		line += fmt.Sprintf("%d,%d ", x(p.X), y(p.Microseconds))
		fmt.Fprintf(&svg, `<circle cx="%d" cy="%d" r="3.5" fill="%s"/>`+"\n", x(p.X), y(p.Microseconds), accent)
		text(&svg, x(p.X), y(p.Microseconds)-9, "middle", fmt.Sprintf("%.1f", p.Microseconds))
		text(&svg, x(p.X), top+height+16, "middle", thousands(p.X))
	}
	fmt.Fprintf(&svg, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(line), accent)
	text(&svg, left+width/2, top+height+36, "middle", c.Title+" ("+c.Unit+")")
	svg.WriteString("</svg>\n")
	return svg.String()
}

// decades is the powers of ten around the costs.
func (c Curve) decades() (low, high float64) {
	low, high = math.Inf(1), 0
	for _, p := range c.Points {
		low, high = min(low, p.Microseconds), max(high, p.Microseconds)
	}
	low = math.Pow(10, math.Floor(math.Log10(max(0.1, low))))
	return low, max(low*10, math.Pow(10, math.Ceil(math.Log10(high))))
}

// position is where a value lies between two others, by its logarithm. Zero has
// none, and counts as one.
func position(value, low, high float64) float64 {
	value, low, high = math.Log(max(1, value)), math.Log(max(1, low)), math.Log(max(1, high))
	return (value - low) / (high - low)
}
