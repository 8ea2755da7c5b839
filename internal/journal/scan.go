package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	logSuffix   = ".log"
	tableSuffix = ".sst"
)

// damage says where a log is not what was written.
type damage int

const (
	noDamage damage = iota
	// tornTail is what a crash in the middle of a write leaves.
	tornTail
	// damagedMiddle has whole parts after it.
	damagedMiddle
)

// dataFile is a file of Pebble that holds events.
type dataFile struct {
	name   string
	number uint64
	isLog  bool
}

// dataFiles lists the files with events, the oldest first.
func dataFiles(fs vfs.FS, dir string) ([]dataFile, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	var files []dataFile
	for _, name := range names {
		base, isLog := strings.CutSuffix(name, logSuffix)
		base, isTable := strings.CutSuffix(base, tableSuffix)
		number, err := strconv.ParseUint(base, 10, 64)
		if err == nil && (isLog || isTable) {
			files = append(files, dataFile{name, number, isLog})
		}
	}
	slices.SortFunc(files, func(a, b dataFile) int { return int(int64(a.number) - int64(b.number)) })
	return files, nil
}

// scan hands over every whole record of a file, whatever else is wrong with it.
// Of a write that was cut it leaves out what is whole, if it is told to. The
// bytes are only good until found returns.
func (f dataFile) scan(fs vfs.FS, dir string, withCut bool, found func(s stamp, payload, record []byte) error) (damage, error) {
	data, err := readAll(fs, fs.PathJoin(dir, f.name))
	if err != nil {
		return noDamage, err
	}
	damaged := noDamage
	if f.isLog {
		var complete int
		data, complete, damaged = unchunk(data, uint32(f.number))
		if damaged != damagedMiddle && !withCut {
			data = data[:complete]
		}
	}
	return damaged, eachRecord(data, found)
}

// eachRecord finds the records among other bytes.
func eachRecord(data []byte, found func(s stamp, payload, record []byte) error) error {
	for {
		i := bytes.Index(data, []byte(recordMagic))
		if i < 0 {
			return nil
		}
		data = data[i:]
		s, payload, size, err := readRecord(data)
		if err != nil {
			data = data[1:]
			continue
		}
		if err := found(s, payload, data[:size]); err != nil {
			return err
		}
		data = data[size:]
	}
}

// The log of Pebble: blocks of chunks, of which each has a header with a
// checksum, its length, its type and the number of the log.
const (
	logBlockBytes   = 32 << 10
	chunkHeader     = 7
	numberedHeader  = chunkHeader + 4
	syncHeader      = numberedHeader + 8
	lastChunkType   = 12
	lastNumbered    = 8
	lastLegacy      = 4
	checksumRotated = 0xa282ead8
)

// unchunk returns the content of a log without its headers. What is damaged is
// passed on as it is, since every record has a checksum of its own. What comes after complete belongs to a write that was
// cut.
func unchunk(data []byte, number uint32) (content []byte, complete int, damaged damage) {
	content = make([]byte, 0, len(data))
	for len(data) > 0 {
		block := data[:min(logBlockBytes, len(data))]
		data = data[len(block):]
		for len(block) >= chunkHeader {
			chunk, header := wholeChunk(block)
			if chunk == nil {
				if isZero(block) {
					break // Preallocated, or the end of the block.
				}
				if isEndOfLog(block, number) {
					return content, complete, damaged
				}
				damaged = max(damaged, tornTail)
				skipped := nextChunk(block, number)
				content = append(content, block[:skipped]...)
				block = block[skipped:]
				continue
			}
			if header >= numberedHeader && binary.LittleEndian.Uint32(chunk[chunkHeader:]) != number {
				return content, complete, damaged // The file was in use before.
			}
			if damaged == tornTail {
				damaged = damagedMiddle
			}
			content = append(content, chunk[header:]...)
			if isLastChunk(chunk[6]) {
				complete = len(content)
			}
			block = block[len(chunk):]
		}
	}
	return content, complete, damaged
}

// wholeChunk returns the chunk at the beginning of a block, or nil.
func wholeChunk(block []byte) (chunk []byte, header int) {
	switch kind := block[6]; {
	case kind == 0 || kind > lastChunkType:
		return nil, 0
	case kind <= lastLegacy:
		header = chunkHeader
	case kind <= lastNumbered:
		header = numberedHeader
	default:
		header = syncHeader
	}
	size := header + int(binary.LittleEndian.Uint16(block[4:]))
	if size > len(block) {
		return nil, 0
	}
	sum := crc32.Checksum(block[6:size], castagnoli)
	if (sum>>15|sum<<17)+checksumRotated != binary.LittleEndian.Uint32(block) {
		return nil, 0
	}
	return block[:size], header
}

// nextChunk returns how far it is to the next whole chunk of a log, or to the
// end of the block. The length of a damaged chunk may be what is damaged.
func nextChunk(block []byte, number uint32) int {
	for i := 1; i+numberedHeader <= len(block); i++ {
		if binary.LittleEndian.Uint32(block[i+chunkHeader:]) != number {
			continue
		}
		if chunk, header := wholeChunk(block[i:]); chunk != nil && header >= numberedHeader {
			return i
		}
	}
	return len(block)
}

// isLastChunk says whether a write ends with a chunk of a type. Each form of
// header has four: all of a write, its beginning, its middle and its end.
func isLastChunk(kind byte) bool { return kind%4 <= 1 }

// isEndOfLog says whether a log was closed here: with an empty chunk of the
// next log, which has no checksum.
func isEndOfLog(block []byte, number uint32) bool {
	return len(block) >= numberedHeader && isZero(block[:6]) && binary.LittleEndian.Uint32(block[chunkHeader:]) == number+1
}

func isZero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}

// readAll reads a file. What the disk does not give back is zero.
func readAll(fs vfs.FS, path string) ([]byte, error) {
	file, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, info.Size())
	for at := 0; at < len(data); at += logBlockBytes {
		part := data[at:min(at+logBlockBytes, len(data))]
		if _, err := file.ReadAt(part, int64(at)); err != nil && !errors.Is(err, io.EOF) {
			clear(part)
		}
	}
	return data, nil
}
