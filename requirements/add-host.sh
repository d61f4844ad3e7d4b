#!/usr/bin/env bash
# Add a server to the inventory servers/, and see to it that SSH leads there. `make add-host` calls it.
#
# Usage: add-host.sh [USER@]ADDRESS[:PORT] [LOGIN], in the checkout.
#
# Each server gets a file of its own, so that nothing that a person has written is ever changed.
set -euo pipefail

given=$1 login=${2:-}

# shellcheck source=requirements/say.sh
. requirements/say.sh

[[ $given =~ ^(([a-z_][a-z0-9_-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*)(:([0-9]{1,5}))?$ ]] ||
  refuse "HOST is '$given', which is no server: make add-host HOST=user@address, or HOST=user@address:port"
user=${BASH_REMATCH[2]:-root} address=${BASH_REMATCH[3]} port=${BASH_REMATCH[5]:-22}
[[ -z $login || $login =~ ^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$ ]] ||
  refuse "LOGIN is '$login', but a login has lower-case letters, digits or hyphens, a letter first."
command -v ssh >/dev/null || refuse 'ssh is missing: sudo apt-get install openssh-client'

file=servers/$address.yml
[ ! -e "$file" ] || refuse "$file is there already: change it there, or remove it and add the server again."
known=$(grep -lsE "^ +$(printf '%s' "$address" | sed 's/\./\\./g'):" servers/*.yml servers/*.yaml | head -n 1 || true)
[ -z "$known" ] || refuse "$address is in $known already: change it there."

try() { ssh -o BatchMode=yes -o ConnectTimeout=15 -p "$port" -- "$user@$address" "$@" 2>&1; }

for attempt in first second; do
  said=$(try true) && break
  said=$(printf '%s' "$said" | tr -d '\r')
  case $said in
    *'IDENTIFICATION HAS CHANGED'*)
      refuse "$address shows another host key than it did before: if the machine was made anew, forget the former one with ssh-keygen -R '$address' and try again; if not, somebody is in between." ;;
    *'Permission denied'* | *'Host key verification failed'*) ;;
    *) refuse "$address cannot be reached over SSH: ${said##*$'\n'}" ;;
  esac
  [ $attempt = first ] || refuse "$user@$address does not let you in: ${said##*$'\n'}"
  compgen -G "$HOME/.ssh/id_*.pub" >/dev/null || ssh-add -L >/dev/null 2>&1 ||
    refuse 'You have no SSH key: ssh-keygen -t ed25519, then again.'
  cat <<EXPLAINED
Your key is put on $address. Where it is not known yet, its host key is shown first: answer yes only if that is what the
provider shows, or what this says on the server itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
EXPLAINED
  # It asks for the password of the user there, once.
  ssh-copy-id -p "$port" -- "$user@$address" || refuse "The key could not be put on $address: see what ssh-copy-id says above."
done

# shellcheck disable=SC2016 # the server's shell works it out
said=$(try 'command -v python3 >/dev/null || echo python; [ "$(id -u)" = 0 ] && exit; command -v sudo >/dev/null || { echo sudo; exit; }; sudo -k -n true 2>/dev/null || echo password') ||
  refuse "$address cannot be looked at: $said"
case $said in
  python*) refuse "$address has no Python, which Ansible needs there: ssh $user@$address apt-get install python3" ;;
  *sudo*) refuse "$user is not root on $address, and there is no sudo: HOST=root@$address, or install sudo there." ;;
esac

mkdir -p servers
[ -e servers/group_vars ] || cp -R inventory/servers.example/group_vars servers/
{
  printf -- '---\ninception:\n  hosts:\n    %s:\n      ansible_user: %s\n' "$address" "$user"
  [ "$port" = 22 ] || printf '      ansible_port: %s\n' "$port"
  [ -z "$login" ] || printf '      inception_login: %s\n' "$login"
} >"$file"
echo "$file is written: look at it, and at servers/group_vars/inception.yml, the settings of all your servers. Then deploy:"
echo "  .venv/bin/ansible-playbook -i servers site.yml$([ "$said" != password ] || echo ' --ask-become-pass')"
