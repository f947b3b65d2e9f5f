package wrapper

import (
	"crypto"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/privatekey"
)

// ParsePrivateKey reads the private key that signs requests from PEM. It accepts what openssl writes:
//
//   - EC PRIVATE KEY (SEC1), plain, or encrypted with a Proc-Type header as `openssl ec -aes256` makes it;
//   - PRIVATE KEY (PKCS#8);
//   - ENCRYPTED PRIVATE KEY (PKCS#8 with PBES2): PBKDF2 with HMAC-SHA-1 or SHA-2, or scrypt; AES-128, 192, 256 or triple DES in CBC mode.
//
// The key is ECDSA on P-521 or Ed25519. ECDSA on P-224, P-256 and P-384 is read as well, but Upvest does not document that it accepts
// signatures of those curves.
//
// The PEM must hold exactly one private key. Text around the blocks, EC PARAMETERS, certificates and public keys beside the key are
// passed over. The passphrase is used as its bytes are (UTF-8), and ignored if the key is not encrypted.
//
// So that a crafted file cannot hold up the caller, key derivation is limited to 10,000,000 rounds of PBKDF2, and for scrypt to a product
// of cost, block size and parallelization of 4,194,304 (at most 512 MiB of memory): 32 times what openssl uses.
//
// An error says what is wrong and how to mend it; it never holds a part of the key or the passphrase.
//
// Source: docs.upvest.co, the guide to request signing, on keys.
func ParsePrivateKey(pemText []byte, passphrase string) (crypto.Signer, error) {
	return privatekey.Parse(pemText, passphrase)
}
