#!/bin/sh
# Replace RENEW by your tool, such as: certbot renew --quiet --deploy-hook "systemctl reload nginx"
set -eu
certificate=${CERTIFICATE:-var/example.pem}
if [ -e "$certificate" ] && openssl x509 -checkend 2592000 -noout -in "$certificate" >/dev/null; then
    echo "$certificate is valid for more than 30 days"
    exit 0
fi
mkdir -p "$(dirname "$certificate")"
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=example.com \
    -keyout "$certificate.key" -out "$certificate" 2>/dev/null
echo "renewed $certificate"
${RELOAD:-true}
