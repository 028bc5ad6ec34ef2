package capture_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

func TestRows(t *testing.T) {
	t.Run("W-11_token_of_the_user_is_never_recorded", func(t *testing.T) {
		const token = "eyJ0eXAiOiJKV1QifQ.eyJ1cG4iOiJraW0ifQ.bm8gc2lnbmF0dXJl"
		alert := `<Alert><CmdID>1</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft/MDM/AADUserToken</Type></Meta><Data>` + token + `</Data></Item></Alert>`
		for _, codec := range codecs {
			rec, files := recordExchange(t, nil, codec, encode(t, codec, "", alert), encode(t, codec, "", nothing))
			require.Empty(t, find(files, token))
			require.NotContains(t, dialogue(t, rec), token)
			require.Len(t, rec.Messages[0].Blanked, 1)
		}
		// Nor is it shown when a recording holds it.
		open := &capture.Recording{Messages: []capture.Message{{Number: 1, Octets: encode(t, syncml.XML, "", alert)}}}
		require.NotContains(t, dialogue(t, open), token)
		require.Contains(t, dialogue(t, open), "AADUserToken = (secret 1)")
	})
}
