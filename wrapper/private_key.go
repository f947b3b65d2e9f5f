package wrapper

import (
	"crypto"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/pemkey"
)

// ParsePrivateKey reads PEM and returns the private key with which to sign requests. It
// accepts these forms:
//
//   - EC PRIVATE KEY (SEC1), plain, or encrypted with a Proc-Type header as `openssl ec
//     -aes256` writes it;
//   - PRIVATE KEY (PKCS#8);
//   - ENCRYPTED PRIVATE KEY (PKCS#8 with PBES2): PBKDF2 with HMAC-SHA-1 or SHA-2, and
//     AES-128, AES-192, AES-256 or triple DES in CBC mode. A key that `openssl pkcs8
//     -scrypt` encrypted is refused, and the error contains the command that converts
//     it.
//
// The key is ECDSA on P-521 or Ed25519. Keys on P-224, P-256 and P-384 are read as well,
// but Upvest does not document that it accepts their signatures.
//
// ParsePrivateKey undoes changes that are common when PEM is copied: UTF-16, a byte order
// mark, quotation marks around the text, and line breaks that became the characters \n or
// \r\n. It also accepts PEM that was encoded as a whole in base64: standard or URL-safe,
// with or without padding and line breaks. For any other damage, it returns an error that
// describes the damage.
//
// The PEM must contain exactly one private key. Intact blocks with EC PARAMETERS,
// certificates or public keys are ignored, and so is text outside the blocks, unless it
// contains "-----BEGIN". The passphrase is used byte for byte (UTF-8), and ignored if the
// key is not encrypted.
//
// PBKDF2 is limited to 10,000,000 rounds, so that a crafted file cannot block the caller.
//
// Errors state what is wrong and how to fix it. They never contain a part of the key or
// the passphrase.
//
// Source: docs.upvest.co, the guide to request signing, section on keys.
func ParsePrivateKey(pemText []byte, passphrase string) (crypto.Signer, error) {
	return pemkey.Parse(pemText, passphrase)
}
