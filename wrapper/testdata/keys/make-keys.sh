#!/bin/sh
# Replaces all keys in this folder with new keys. README.md explains the purpose of each
# file.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem
pass=pass:correct-horse

# One P-521 key in every form.
openssl ecparam -name secp521r1 -genkey -noout -out p521-sec1.pem
openssl ec -aes256 -in p521-sec1.pem -passout $pass -out p521-sec1-aes256.pem
(openssl ecparam -name secp521r1; cat p521-sec1.pem) >p521-sec1-parameters.pem
openssl pkcs8 -topk8 -nocrypt -in p521-sec1.pem -out p521-pkcs8.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v2 aes-256-cbc -v2prf hmacWithSHA256 -out p521-pkcs8-aes256-sha256.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v2 aes-256-cbc -v2prf hmacWithSHA512 -out p521-pkcs8-aes256-sha512.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v2 aes-192-cbc -v2prf hmacWithSHA384 -out p521-pkcs8-aes192-sha384.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v2 aes-128-cbc -v2prf hmacWithSHA1 -out p521-pkcs8-aes128-sha1.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v2 des3 -v2prf hmacWithSHA224 -out p521-pkcs8-des3-sha224.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v2 aes-256-cbc -scrypt -out p521-pkcs8-scrypt.pem
openssl req -new -x509 -key p521-sec1.pem -subj "/CN=wrapper test" -days 1 -out p521-certificate.pem
openssl ec -in p521-sec1.pem -pubout -out p521-public.pem
openssl pkcs12 -export -inkey p521-sec1.pem -in p521-certificate.pem -passout $pass -out bag.p12
openssl pkcs12 -in bag.p12 -passin $pass -nodes -out p521-bag-attributes.pem
rm bag.p12

# Other keys that ParsePrivateKey accepts.
openssl genpkey -algorithm ed25519 -out ed25519-pkcs8.pem
openssl pkcs8 -topk8 -in ed25519-pkcs8.pem -passout $pass -v2 aes-256-cbc -out ed25519-pkcs8-aes256.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256-pkcs8.pem

# Keys that ParsePrivateKey refuses.
openssl genrsa -traditional -out rsa-pkcs1.pem 2048
openssl pkcs8 -topk8 -nocrypt -in rsa-pkcs1.pem -out rsa-pkcs8.pem
openssl pkcs8 -topk8 -in rsa-pkcs1.pem -passout $pass -v2 aes-256-cbc -out rsa-pkcs8-aes256.pem
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -pkeyopt dsa_paramgen_q_bits:160 -out dsa-parameters
openssl genpkey -paramfile dsa-parameters -out dsa-pkcs8.pem
openssl dsa -in dsa-pkcs8.pem -out dsa-traditional.pem
rm dsa-parameters
openssl genpkey -algorithm ed448 -out ed448-pkcs8.pem
openssl genpkey -algorithm x25519 -out x25519-pkcs8.pem
openssl ecparam -name secp256k1 -genkey -noout -out secp256k1-sec1.pem
openssl ecparam -name secp521r1 -param_enc explicit -genkey -noout -out p521-sec1-explicit.pem
openssl pkcs8 -topk8 -in p521-sec1.pem -passout $pass -v1 PBE-SHA1-3DES -out p521-pkcs8-pbes1.pem
