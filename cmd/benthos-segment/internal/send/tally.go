package send

import "slices"

// tally counts the refused events of a file. A checkpoint counts those alone that
// are settled: the next run reads the others again, and refuses them again.
type tally struct {
	settled int64
	// open are the numbers of those that are not settled yet.
	open []int64
}

func (t *tally) add(event int64) { t.open = append(t.open, event) }

// settle counts those among the first events of the file.
func (t *tally) settle(events int64) int64 {
	before := len(t.open)
	t.open = slices.DeleteFunc(t.open, func(event int64) bool { return event <= events })
	t.settled += int64(before - len(t.open))
	return t.settled
}

// tallyOf returns the tally of a file, by its path.
func (l *letters) tallyOf(path string) *tally {
	t := l.tallies[path]
	if t == nil {
		t = &tally{}
		l.tallies[path] = t
	}
	return t
}

// settle returns how many of the first events of a file were refused.
func (l *letters) settle(path string, events int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tallyOf(path).settle(events)
}

// allRefused counts the refused events of this run and of those before it.
func (s *session) allRefused() int64 { return s.refusedBefore + int64(s.letters.refused()) }

// deadLetters names the files that have them.
func (s *session) deadLetters() (paths []string) {
	if s.letters.refused() > 0 {
		paths = append(paths, s.conf.deadLetters)
	}
	for _, name := range s.conf.files {
		for _, path := range s.keeper.of(pathOf(name)).DeadLetters {
			if path == pathOf(s.conf.deadLetters) {
				path = s.conf.deadLetters
			}
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}
