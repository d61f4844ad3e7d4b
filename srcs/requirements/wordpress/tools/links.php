<?php
/**
 * Tells how many values of the database lead to the site's earlier addresses, or has them lead to the present one. Run as
 * www-data by links.sh.
 *
 *   php links.php [replace]
 */

namespace Inception;

use RuntimeException;

require '/var/www/html/wp-load.php';
require __DIR__ . '/search-replace.php';

$earlier = get_option( 'inception_earlier_urls', array() );
$needles = array();
foreach ( array_diff( array_filter( (array) $earlier, 'is_string' ), array( '', WP_HOME ) ) as $url ) {
	// As it is, as JSON has it, and as part of an address. It ends there: "https://a.b" is not the beginning of
	// "https://a.b:8443" or "https://a.bc".
	foreach ( array( 'strval', static fn( string $text ): string => str_replace( '/', '\\/', $text ), 'rawurlencode' ) as $form ) {
		$needles[ $form( $url ) ] = $form( WP_HOME );
	}
}
if ( ! $needles ) {
	echo "The site has had no other address.\n";
	exit;
}
$replace = static function ( string $text ) use ( $needles ): string {
	foreach ( $needles as $needle => $present ) {
		$text = preg_replace_callback( '#' . preg_quote( $needle, '#' ) . '(?!\w|-|:\d|%3A\d|\.\w)#i', static fn(): string => $present, $text ) ?? $text;
	}
	return $text;
};
$dry_run = 'replace' !== ( $argv[1] ?? '' );
try {
	// WordPress says of a guid that it is never to change: readers of feeds know a post by it.
	$counts = search_replace( $replace, array_keys( $needles ), $dry_run, array( 'guid' ) );
} catch ( RuntimeException $error ) {
	fwrite( STDERR, "links: {$error->getMessage()}\n" );
	exit( 1 );
}
foreach ( array_filter( $counts ) as $place => $count ) {
	echo $count < 0 ? "$place has no primary key, and stays as it is.\n" : "$place: $count\n";
}
printf( "%d values %s %s.\n", array_sum( array_filter( $counts, static fn( int $count ): bool => $count > 0 ) ), $dry_run ? 'would lead to' : 'now lead to', WP_HOME );
