package service

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// shown is how much of a log an error shows.
const shown = 4 << 10

// Tail is the end of the log.
func (s *Service) Tail() string {
	file, err := os.Open(s.LogPath())
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if size, err := file.Seek(0, io.SeekEnd); err == nil {
		_, _ = file.Seek(max(0, size-shown), io.SeekStart) // from the start, else
	}
	text, err := io.ReadAll(io.LimitReader(file, shown))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// KeepLog copies the log to a folder, where it outlives that of the server.
func (s *Service) KeepLog(folder string) (path string, err error) {
	text, err := os.ReadFile(s.LogPath())
	if err != nil {
		return "", fmt.Errorf("keeping the log of %s: %w", s.Name, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("keeping the log of %s: %w", s.Name, err)
	}
	path = filepath.Join(folder, s.Name+".log")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return "", fmt.Errorf("keeping the log of %s: %w", s.Name, err)
	}
	return path, nil
}
