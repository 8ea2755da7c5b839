package send

import (
	"context"
	"log/slog"
	"strings"
)

// logHandler shows what the output has to say. What the engine says of its own is
// about a pipeline that the user has never seen.
type logHandler struct{ say func(text string) }

// ofOutput begins what the output logs.
const ofOutput = "segment: "

func (logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (h logHandler) Handle(_ context.Context, record slog.Record) error {
	text, isOurs := strings.CutPrefix(record.Message, ofOutput)
	if !isOurs {
		return nil
	}
	// There are no metrics to look at here.
	text, _, _ = strings.Cut(text, ". segment_oldest_unsent_seconds")
	text, _, _ = strings.Cut(text, ". This is said once")
	text = strings.ReplaceAll(text, "set integrations to", "set --"+flagIntegrations+" to")
	h.say(strings.ToUpper(text[:1]) + text[1:] + ".")
	return nil
}

func (h logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h logHandler) WithGroup(string) slog.Handler      { return h }
