# What the scripts here say, in the language of the person (languages/); to be sourced in the checkout.
# shellcheck shell=bash

say() { # say SENTENCE: without Python, in English
  printf '%s\n' "$1" | python3 languages/catalogue.py 2>/dev/null || printf '%s\n' "$1"
}

refuse() { # refuse SENTENCE
  say "$1" >&2
  exit 1
}
