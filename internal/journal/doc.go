// Package journal is a durable queue on disk: events go in with an
// acknowledgement when they are safe, and come out in the order of arrival until
// they are settled. It is built on Pebble, and knows nothing of Benthos.
//
// # Invariants
//
//  1. An event that was acknowledged is on the disk, synced, until it is settled.
//     (With a sync interval: in memory, and on the disk within it.)
//  2. Events are numbered from 0 without gaps, in the order of arrival. So a
//     number that is missing is an event that was lost, and is named.
//  3. Every event in the queue is one of: never handed out (from next on), out
//     (in a Handout), waiting for another try (in retries), or settled.
//  4. The ledger knows what is settled; the disk is told later, in one batch with
//     the deletions. What the disk was not told is handed out again after a
//     crash. It never knows more than the ledger.
//  5. Only the commit loop writes. It commits one group at a time; whatever
//     arrives meanwhile is the next group. A group is durable as a whole or
//     refused as a whole, together with all that was numbered after it.
//  6. An engine (an opened Pebble) fails once and for good. Then its files are
//     fenced off, the loop opens another one, and readers wait.
//  7. No file with events is deleted unless all of them are known to be
//     somewhere else: at the start not before the queue was verified, and after
//     damage not before its records are in a new Pebble.
//
// # On the disk
//
// The directory holds
//
//	FORMAT     "benthos-segment journal, format 1"
//	LOCK       locked by the process that has the queue
//	OWNER      who that is, in words
//	CLOSED     a state record: where the queue ended when it was closed last
//	db/        the Pebble, in its newest format, without compression
//	damaged/   what was set aside the last ten times, a directory each; may be deleted
//	salvage.*  a new Pebble in the making (tmp), or complete (done)
//
// In Pebble the key "e" with the number of an event, 8 bytes big-endian, leads
// to the record of the event, and the key "s" to that of the state. A record is
//
//	magic       4  b5 4a 6e 31
//	checksum    4  CRC-32C of all that follows
//	length      4  of all that follows
//	kind        1  'E' event, 'S' state
//	epoch       4  how often the queue had been opened
//	number      8  of the event; in a state, of the next event
//	settled     8  all events below it are settled
//	offset      8  the sizes of all records before it, added up
//	time        8  of arrival, microseconds since 1970
//	payload
//
// with integers little-endian. The payload of an event is the text of its
// failure, the count of its metadata, for each a name and a typed value, and
// then its content to the end. Texts have their length in front, as a uvarint.
// The payload of a state is the offset of settled, and the count and the bounds
// (first, last + 1, offsets of both) of the ranges above it that are settled,
// all as uvarints.
//
// Records stand for themselves, so that salvage finds them in files of which it
// understands nothing else: magic and checksum find a record, number and epoch
// say what it is, and settled says what need not be found.
package journal
