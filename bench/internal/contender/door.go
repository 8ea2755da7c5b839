package contender

import (
	"os/exec"
	"slices"
)

// The front doors that are compared.
const (
	DoorFloor  = "door_floor"
	DoorServer = "door_http_server"
	DoorSQLite = "door_sqlite"
	DoorQueue  = "door_queue"
	DoorSink   = "door_sink"
)

// Doors are front doors. They listen at DOOR_ADDRESS, and keep what they keep in
// the directory that they run in.
func Doors(tools Tools) []Contender {
	sqlite := Contender{ID: DoorSQLite, Name: "`http_server` with a mapping, buffer `sqlite` (not synced), to `drop`", SendsNothing: true}
	sqlite.command = func(t Tools, file, sink string) (*exec.Cmd, error) {
		t.Binary = t.Rival
		command, err := pipeline([]string{"door_http_server", "door_mapping", "drop"}, stock)(t, file, sink)
		if err == nil {
			// No part of a pipeline, because the binary that checks those has no sqlite.
			command.Args = slices.Insert(command.Args, 2, "--set", "buffer.sqlite.path=queue.db")
		}
		return command, err
	}
	if tools.Rival == "" {
		sqlite.Missing = "no binary with that buffer was given (-rival)"
	}
	return []Contender{
		{ID: DoorFloor, Name: "`net/http` that reads and inflates", SendsNothing: true, command: func(t Tools, _, _ string) (*exec.Cmd, error) {
			return exec.Command(t.Self, "door"), nil
		}},
		{ID: DoorServer, Name: "`http_server` with a mapping, nothing kept, to `drop`", SendsNothing: true, command: pipeline([]string{"door_http_server", "door_mapping", "drop"}, stock)},
		sqlite,
		{ID: DoorQueue, Name: "input `segment`, buffer `journal`, to `drop`", SendsNothing: true, command: pipeline([]string{"door", "drop"})},
		{ID: DoorSink, Name: "input `segment`, buffer `journal`, output `segment` to the sink", command: pipeline([]string{"door", "segment"})},
	}
}
