package disk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"benthos-segment/internal/sandbox/inbox"
)

// callRecord is a call on the disk: what the API shows of it, and what it does
// not. Its bytes follow, as they are.
type callRecord struct {
	inbox.Call
	WriteKey string `json:"write_key"`
	Masked   []byte `json:"masked,omitempty"`
}

// requestRecord is a request on the disk.
type requestRecord struct {
	inbox.Request
	WriteKey string `json:"write_key"`
}

// encodeCall returns the length of the description, the description, and the bytes
// of the call.
func encodeCall(c *inbox.Call) ([]byte, error) {
	about, err := json.Marshal(callRecord{Call: *c, WriteKey: c.WriteKey, Masked: c.Masked})
	if err != nil {
		return nil, fmt.Errorf("encoding call %d: %w", c.Seq, err)
	}
	record := make([]byte, 0, binary.MaxVarintLen64+len(about)+len(c.Raw))
	record = binary.AppendUvarint(record, uint64(len(about)))
	record = append(record, about...)
	return append(record, c.Raw...), nil
}

var errCut = errors.New("the record is cut")

func decodeCall(record []byte) (*inbox.Call, error) {
	length, n := binary.Uvarint(record)
	if n <= 0 || length > uint64(len(record)-n) {
		return nil, errCut
	}
	about, raw := record[n:n+int(length)], record[n+int(length):]
	var decoded callRecord
	if err := json.Unmarshal(about, &decoded); err != nil {
		return nil, err
	}
	call := decoded.Call
	call.WriteKey, call.Masked = decoded.WriteKey, decoded.Masked
	call.Raw = append([]byte(nil), raw...) // The disk's memory ends with the transaction.
	return &call, nil
}

func encodeRequest(r *inbox.Request) ([]byte, error) {
	record, err := json.Marshal(requestRecord{Request: *r, WriteKey: r.WriteKey})
	if err != nil {
		return nil, fmt.Errorf("encoding request %d: %w", r.Seq, err)
	}
	return record, nil
}

func decodeRequest(record []byte) (*inbox.Request, error) {
	var decoded requestRecord
	if err := json.Unmarshal(record, &decoded); err != nil {
		return nil, err
	}
	request := decoded.Request
	request.WriteKey = decoded.WriteKey
	return &request, nil
}
