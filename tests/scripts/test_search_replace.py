"""Text that is replaced in values of the database, as PHP itself writes and reads them; the tables: tests/verify/wp_command.py."""

from __future__ import annotations

import subprocess

import pytest

from support import ROOT, need

FILE = ROOT / "srcs/requirements/wordpress/tools/search-replace.php"
#: Fails with what differs: a value, and what must have become of it. Old and new text differ in length and in bytes.
PROGRAM = """<?php
require $argv[1];
class Widget { public $link; protected $from; private $deep; function __construct( $text ) { $this->link = $this->from = $this->deep = $text; } }
enum Place: string { case Old = 'old.example'; }
class Own implements Serializable {
    public $text = 'old.example';
    function serialize() { return $this->text; }
    function unserialize( $text ) { $this->text = $text; }
}
$replace = static fn( string $text ): string => str_replace( 'old.example', 'neu.예시', $text );
function both( callable $make ): array { return array( $make( 'https://old.example/한글?a=1' ), $make( 'https://neu.예시/한글?a=1' ) ); }
$shared = static function ( $text ) { $part = new Widget( $text ); return array( $part, $part, 'same' => &$part->link ); };
[ $before, $after ] = both( %s );
if ( Inception\\replace_in( $before, $replace ) !== $after ) {
    fwrite( STDERR, "$before\\nbecame\\n" . Inception\\replace_in( $before, $replace ) . "\\ninstead of\\n$after\\n" );
    exit( 1 );
}
"""
VALUES = {
    "plain": "fn( $text ) => \"see $text, and $text\"",
    "empty": "fn() => ''",
    "string": "fn( $text ) => serialize( $text )",
    "array": "fn( $text ) => serialize( array( 1, -2, 1.5e10, INF, true, null, 'a' => $text, 7 => array( $text, array() ) ) )",
    "key": "fn( $text ) => serialize( array( 'old.example' => $text, 's:1:\"x\";' => 1 ) )",
    "object": "fn( $text ) => serialize( array( new Widget( $text ), new stdClass() ) )",
    "no such class": "fn( $text ) => str_replace( '6:\"Widget\"', '4:\"Gone\"', serialize( new Widget( $text ) ) )",
    "nested": "fn( $text ) => serialize( array( 'data' => serialize( array( serialize( new Widget( $text ) ) ) ) ) )",
    "reference": "fn( $text ) => serialize( $shared( $text ) )",
    "enumeration": "fn( $text ) => serialize( array( Place::Old, $text ) )",
    "blank around it": "fn( $text ) => \" \\n\" . serialize( array( $text ) ) . \"\\r\\n\"",
    "text of serialised form": "fn( $text ) => serialize( 'a:1:{i:0;s:3:\"x' . $text )",
    "quotes and braces": "fn( $text ) => serialize( array( '\";}' . $text . '{s:3:\"' ) )",
    "damaged": "fn( $text ) => 'a:1:{i:0;s:99:\"' . $text . '\";}'",
    "cut off": "fn( $text ) => 'a:2:{i:0;s:3:\"abc\";i:1;' . $text",
    "text behind it": "fn( $text ) => serialize( 'x' ) . $text",
    "not as PHP writes it": "fn( $text ) => 's:03:\"abc\";'",
}  # fmt: skip


def run(value: str) -> None:
    """Run the program with a value; its message says what became of it."""
    need("php", "it runs the program")
    done = subprocess.run(
        ["php", "-d", "error_reporting=E_ALL & ~E_DEPRECATED", "/dev/stdin", str(FILE)],
        input=PROGRAM % value,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_what_php_would_have_written_with_the_new_text(value: str) -> None:
    run(VALUES[value])


def test_what_a_class_has_written_in_its_own_format_stays_readable() -> None:
    # Only the class knows what it has written.
    run("fn( $text ) => serialize( array( new Own(), $text ) )")
