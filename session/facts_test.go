package session_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gomadm/gomadm/omadm"
)

// TestAnswersBecomeFacts: what a device answers about its build and edition stands among its facts, for a Check; what it
// answers about other nodes does not.
func TestAnswersBecomeFacts(t *testing.T) {
	const edition = "./Vendor/MSFT/WindowsLicensing/Edition"
	h := newHouse(t)
	for i, u := range []omadm.URI{omadm.DevDetailSwV, edition, omadm.DevDetailHwV} {
		h.enqueue("abc"[i:i+1], get(u))
	}
	sent := h.post(msg("1", "1", pkg1))
	answers := okHdr("1")
	for i, c := range sent.Body {
		if c.Name() != "Get" {
			continue
		}
		u := c.ItemList()[0].Target.URI
		value := map[string]string{"./DevDetail/SwV": " 10.0.26100.1742 ", edition: "48", "./DevDetail/HwV": "1"}[u]
		answers += status(2*i+2, "1", c.ID(), "Get", 200) + results("1", c.ID(), u, "", value, false)
	}
	h.post(msg("1", "2", answers+final))
	facts := h.record().Device.Facts
	assert.Equal(t, "10.0.26100.1742", facts["./DevDetail/SwV"])
	assert.Equal(t, "48", facts[edition])
	assert.NotContains(t, facts, "./DevDetail/HwV")
}
