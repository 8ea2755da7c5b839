package report

import (
	"fmt"
	"html"
	"strings"
)

// Colours that read on white and on black, since a picture does not know where
// it is shown.
const (
	ink    = "#6e7781"
	accent = "#2da44e"
	plain  = "#8b95a1"
)

// chart is a bar for the cost of each contender.
func (r Run) chart() string {
	const left, width, row, top = 260, 360, 24, 34
	most, count := 0.0, 0
	for _, bar := range shown {
		if result, isKnown := r.find(bar.id); isKnown && bar.isBar {
			most = max(most, float64(result.Median()))
			count++
		}
	}
	var svg strings.Builder
	open(&svg, left+width+70, top+count*row+10, "Processor time for one event")
	text(&svg, left, 18, "start", "CPU µs an event: less is better")
	y := top
	for _, bar := range shown {
		result, isKnown := r.find(bar.id)
		if !isKnown || !bar.isBar {
			continue
		}
		colour := plain
		if result.ID == "batched" || result.ID == "lines" {
			colour = accent
		}
		length := max(1, float64(width)*float64(result.Median())/most)
		text(&svg, left-8, y+14, "end", bar.label)
		fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`+"\n", left, y+2, length, row-8, colour)
		text(&svg, left+int(length)+6, y+14, "start", micros(result.Median()))
		y += row
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

func open(svg *strings.Builder, width, height int, title string) {
	fmt.Fprintf(svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" font-family="sans-serif" font-size="12">`+"\n<title>%s</title>\n",
		width, height, html.EscapeString(title))
}

func text(svg *strings.Builder, x, y int, anchor, said string) {
	fmt.Fprintf(svg, `<text x="%d" y="%d" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, ink, html.EscapeString(said))
}
