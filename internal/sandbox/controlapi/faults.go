package controlapi

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/faults"
)

// faultsAPI injects and ends faults.
type faultsAPI struct{ faults *faults.List }

func (api faultsAPI) list(w http.ResponseWriter, _ *http.Request, _ *query) {
	answer.JSON(w, http.StatusOK, map[string][]faults.View{"faults": api.faults.Views()})
}

func (faultsAPI) presets(w http.ResponseWriter, _ *http.Request, _ *query) {
	answer.JSON(w, http.StatusOK, map[string][]faults.Preset{"presets": faults.Presets})
}

func (api faultsAPI) add(w http.ResponseWriter, r *http.Request, _ *query) {
	body, err := readBody(w, r)
	var fault faults.Fault
	if err == nil {
		fault, err = faults.Parse(body)
	}
	var id int
	if err == nil {
		id, err = api.faults.Add(fault)
	}
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	state := faults.State{ID: id, Fault: fault, Remaining: -1}
	if fault.Times > 0 {
		state.Remaining = fault.Times
	}
	answer.JSON(w, http.StatusCreated, state.View())
}

func (api faultsAPI) replace(w http.ResponseWriter, r *http.Request, q *query) {
	body, err := readBody(w, r)
	var list []faults.Fault
	if err == nil {
		list, err = faults.ParseList(body)
	}
	if err == nil {
		err = api.faults.Replace(list)
	}
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	api.list(w, r, q)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	const longest = 1 << 20
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longest))
	if err != nil {
		return nil, fmt.Errorf("reading the body: it may have %d bytes: %w", longest, err)
	}
	return body, nil
}

func (api faultsAPI) clear(w http.ResponseWriter, _ *http.Request, _ *query) {
	answer.JSON(w, http.StatusOK, map[string]int{"removed": api.faults.Clear()})
}

func (api faultsAPI) remove(w http.ResponseWriter, r *http.Request, _ *query) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !api.faults.Remove(id) {
		answer.Error(w, http.StatusNotFound, fmt.Sprintf("there is no fault %q", r.PathValue("id")))
		return
	}
	answer.JSON(w, http.StatusOK, map[string]int{"removed": 1})
}
