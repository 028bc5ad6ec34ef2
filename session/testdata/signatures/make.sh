set -e
days=36500
ca() { # name, issuer or empty
  openssl ecparam -name prime256v1 -genkey -noout -out $1.key
  printf 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n' >$1.ext
  openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
  if [ -z "$2" ]; then openssl x509 -req -in $1.csr -signkey $1.key -days $days -extfile $1.ext -out $1.pem
  else openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -days $days -extfile $1.ext -out $1.pem; fi
}
leaf() { # name, issuer, common name; the key exists
  printf 'extendedKeyUsage=%s\nsubjectKeyIdentifier=hash\n' ${4:-clientAuth} >$1.ext
  openssl req -new -key $1.key -subj "/CN=$3" -out $1.csr
  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -days $days -extfile $1.ext -out $1.pem
}
ca root; ca between root; ca stranger
openssl genrsa -out rsa.key 2048; leaf rsa root pc-1
openssl ecparam -name prime256v1 -genkey -noout -out ec.key; leaf ec between pc-1
openssl ecparam -name prime256v1 -genkey -noout -out foreign.key; leaf foreign stranger pc-1
openssl ecparam -name prime256v1 -genkey -noout -out server.key; leaf server root pc-1 serverAuth
sign() { out=$1; shift; openssl cms -sign -binary -in message.xml -outform DER -out $out.der "$@"; }
sign rsa -md sha256 -signer rsa.pem -inkey rsa.key
sign rsa-sha512 -md sha512 -signer rsa.pem -inkey rsa.key
sign rsa-pss -md sha256 -signer rsa.pem -inkey rsa.key -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest
sign ecdsa -md sha256 -signer ec.pem -inkey ec.key -certfile between.pem
sign ecdsa-sha384-keyid -md sha384 -keyid -signer ec.pem -inkey ec.key -certfile between.pem
sign refused-no-chain -md sha256 -signer ec.pem -inkey ec.key
sign refused-stranger -md sha256 -signer foreign.pem -inkey foreign.key -certfile stranger.pem
sign refused-server-certificate -md sha256 -signer server.pem -inkey server.key
sign refused-no-certificate -md sha256 -nocerts -signer rsa.pem -inkey rsa.key
sign refused-no-attributes -md sha256 -noattr -signer rsa.pem -inkey rsa.key
sign refused-sha1 -md sha1 -signer rsa.pem -inkey rsa.key
sign refused-two-signers -md sha256 -signer rsa.pem -inkey rsa.key -signer ec.pem -inkey ec.key -certfile between.pem
sign refused-attached -md sha256 -nodetach -signer rsa.pem -inkey rsa.key
sign refused-indefinite-length -md sha256 -nodetach -stream -signer rsa.pem -inkey rsa.key
sign rsa-pss-long-salt -md sha256 -signer rsa.pem -inkey rsa.key -keyopt rsa_padding_mode:pss
rm -f *.key *.csr *.ext *.srl between.pem stranger.pem rsa.pem ec.pem foreign.pem server.pem
