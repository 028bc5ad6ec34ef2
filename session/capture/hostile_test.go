package capture_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/capture"
)

// TestHostileArchive: what a SAZ archive holds is read as far as messages may go in all, however small it is itself.
func TestHostileArchive(t *testing.T) {
	const size, copies = 16 << 20, 40
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestSpeed)
	require.NoError(t, err)
	content := append([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), make([]byte, size)...)
	_, err = deflate.Write(content)
	require.NoError(t, err)
	require.NoError(t, deflate.Close())

	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for i := range copies {
		f, err := z.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("raw/%d_c.txt", i), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(content),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(content)),
		})
		require.NoError(t, err)
		_, err = f.Write(packed.Bytes())
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.Less(t, archive.Len(), 8<<20)
	rec, err := capture.Read(fstest.MapFS{"x.saz": {Data: archive.Bytes()}}, "x.saz")
	require.NoError(t, err)
	large := 0
	for _, p := range rec.Problems {
		if strings.Contains(p.Error(), "too large") {
			large++
		}
	}
	assert.GreaterOrEqual(t, large, copies-(512<<20)/size, "%v", rec.Problems)
}

// TestHostileTexts reads recordings that are made to take more than linear time or memory.
func TestHostileTexts(t *testing.T) {
	most := 8000
	if testing.Short() {
		most = 1000
	}
	part := func(i int) string {
		return `<Item><Source><LocURI>./A</LocURI></Source><Data>` + strings.Repeat("x", 500) + `</Data><MoreData/></Item>`
	}
	repeat := func(n int, f func(int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	for name, text := range map[string]func(n int) string{
		"ends without a beginning": func(n int) string { return "<SyncML>" + strings.Repeat("SyncML>", 100*n) },
		"escaped ends":             func(n int) string { return "&lt;SyncML&gt;" + strings.Repeat("SyncML&gt;", 100*n) },
		"parts of a value": func(n int) string {
			return exchangeOf(`<Get><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`,
				`<Results><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef>`+repeat(n, part)+`</Results>`)
		},
		"values": func(n int) string {
			return exchangeOf(`<Get><CmdID>2</CmdID>`+repeat(n, func(i int) string { return fmt.Sprintf("<Item><Target><LocURI>./A/%d</LocURI></Target></Item>", i) })+`</Get>`,
				`<Results><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef>`+repeat(n, func(i int) string {
					return fmt.Sprintf("<Item><Source><LocURI>./A/%d/B</LocURI></Source><Data>%d</Data></Item>", i, i)
				})+`</Results>`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var costs []uint64
			for n := most / 8; n <= most; n *= 2 {
				var before, after runtime.MemStats
				fsys := fstest.MapFS{"x.txt": {Data: []byte(text(n))}}
				runtime.ReadMemStats(&before)
				rec, err := capture.Read(fsys, "x.txt")
				require.NoError(t, err)
				asked := rec.Asked()
				rec.Violations()
				runtime.ReadMemStats(&after)
				costs = append(costs, after.TotalAlloc-before.TotalAlloc)
				if name != "values" {
					continue
				}
				require.Len(t, asked, 1)
				require.Len(t, asked[0].Results, n)
				assert.Equal(t, n-1, asked[0].Results[n-1].Op)
			}
			for i := 1; i < len(costs); i++ {
				assert.LessOrEqual(t, float64(costs[i])/float64(costs[i-1]), 2.5, "%d", costs)
			}
		})
	}
}

// exchangeOf is a message of a server with commands, and one of the device that answers it.
func exchangeOf(commands, answers string) string {
	message := func(id int, target, source, body string) string {
		return fmt.Sprintf(`<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>`+
			`<MsgID>%d</MsgID><Target><LocURI>%s</LocURI></Target><Source><LocURI>%s</LocURI></Source></SyncHdr><SyncBody>`+
			`%s<Final/></SyncBody></SyncML>`+"\n", id, target, source, body)
	}
	const server, device = "https://dm.example.test/dm", "urn:uuid:1"
	ok := `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>`
	return message(1, server, device, `<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>`) +
		message(1, device, server, ok+commands) + message(2, server, device, ok+answers)
}

// A folder may have pipes in it, into which nobody writes.
func TestReadPassesOverPipes(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"folder": {"x/a.xml": {Data: []byte(exchangeOf("", ""))}, "x/b.xml": {Mode: fs.ModeNamedPipe}},
		"recording": {"x/index.jsonl": {Data: []byte(`{"format":"gomadm recording","version":1}` + "\n" +
			`{"number":1,"from":"device","time":"2026-03-01T08:00:00Z","octets":1,"file":"a"}`)}, "x/a": {Mode: fs.ModeDevice}},
	} {
		rec, err := capture.Read(fsys, "x")
		require.NoError(t, err, name)
		require.Len(t, rec.Problems, 1, name)
		assert.ErrorContains(t, rec.Problems[0], "not a regular file", name)
	}
}
