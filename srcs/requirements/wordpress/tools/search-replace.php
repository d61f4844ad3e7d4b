<?php
/**
 * Replaces text in the whole database, in serialised values too. WordPress must be loaded.
 */

namespace Inception;

use ReflectionProperty;
use RuntimeException;

/**
 * Replaces in a value as the database has it. What serialize() has written keeps its form, whatever it is nested in; it is
 * not unserialised, so no class is loaded. Keys of arrays and names of properties stay.
 *
 * @param callable(string): string $replace Gets each text.
 */
function replace_in( string $value, callable $replace ): string {
	$blank = " \t\n\r\0\x0B";
	$at    = strspn( $value, $blank );
	$new   = substr( $value, 0, $at ) . replace_serialised( $value, $at, $replace );
	return $at && '' === trim( substr( $value, $at ), $blank ) ? $new . substr( $value, $at ) : $replace( $value );
}

/**
 * Replaces in the serialised value at a place of a text, and moves the place behind it, or to 0 where there is none.
 */
function replace_serialised( string $text, int &$at, callable $replace ): string {
	// Values without text: null, numbers, references, cases of enumerations.
	if ( preg_match( '/\G(?:N;|b:[01];|i:[+-]?\d+;|d:[^;"]+;|[rR]:\d+;|E:\d+:"[^"]+";)/', $text, $found, 0, $at ) ) {
		$at += strlen( $found[0] );
		return $found[0];
	}
	if ( preg_match( '/\Gs:(0|[1-9]\d*):"/', $text, $found, 0, $at ) ) {
		$start  = $at + strlen( $found[0] );
		$length = (int) $found[1];
		$new    = replace_in( substr( $text, $start, $length ), $replace );
		$at     = '";' === substr( $text, $start + $length, 2 ) ? $start + $length + 2 : 0;
		return sprintf( 's:%d:"%s";', strlen( $new ), $new );
	}
	// A class's own format; only the class knows how it is read.
	if ( preg_match( '/\GC:\d+:"[^"]+":(\d+):\{/', $text, $found, 0, $at ) ) {
		$start = $at;
		$end   = $at + strlen( $found[0] ) + (int) $found[1];
		$at    = '}' === substr( $text, $end, 1 ) ? $end + 1 : 0;
		return substr( $text, $start, $at - $start );
	}
	if ( ! preg_match( '/\G(?:a|O:\d+:"[^"]+"):(\d+):\{/', $text, $found, 0, $at ) ) {
		$at = 0;
		return '';
	}
	$new = $found[0];
	$at += strlen( $new );
	for ( $number = 0; $at && $number < 2 * (int) $found[1]; $number++ ) {
		$new .= replace_serialised( $text, $at, $number % 2 ? $replace : 'strval' );
	}
	$at = $at && '}' === substr( $text, $at, 1 ) ? $at + 1 : 0;
	return "$new}";
}

/**
 * Replaces in all tables of the site, in one transaction: all of it, or nothing. Passwords and primary keys stay.
 *
 * @param callable(string): string $replace Gets each text that holds one of the needles.
 * @param string[]                 $needles Whatever holds none of them, in any case of the letters, stays as it is.
 * @param bool                     $dry_run Whether to count only.
 * @param string[]                 $skipped Names of further columns that stay.
 * @param string[]                 $tables  The full names of the tables; empty for all of the site.
 * @return array<string, int> How many values change, by "table.column"; -1 for a table that has no primary key, and stays.
 * @throws RuntimeException There is no such table, or one without transactions; the database refuses a value or breaks the
 *                          connection off: nothing was changed.
 */
function search_replace( callable $replace, array $needles, bool $dry_run, array $skipped = array(), array $tables = array() ): array {
	global $wpdb;
	$counts = array();
	if ( ! $tables ) {
		$all    = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME LIKE %s";
		$tables = $wpdb->get_col( $wpdb->prepare( $all, $wpdb->esc_like( $wpdb->prefix ) . '%' ) );
	}
	$in    = implode( ', ', array_fill( 0, count( $tables ), '%s' ) );
	$plain = "SELECT TABLE_NAME FROM information_schema.TABLES JOIN information_schema.ENGINES USING (ENGINE) WHERE TABLE_SCHEMA = DATABASE() AND TRANSACTIONS <> 'YES' AND TABLE_NAME IN ($in)";
	$plain = $dry_run ? array() : $wpdb->get_col( $wpdb->prepare( $plain, ...$tables ) );
	if ( $plain ) {
		throw new RuntimeException( 'what is changed in ' . implode( ', ', $plain ) . " could not be undone, so nothing was changed; give such a table transactions first: ALTER TABLE `$plain[0]` ENGINE=InnoDB" );
	}
	// A connection that breaks must not be made anew: what followed would be outside of the transaction.
	$retries = new ReflectionProperty( $wpdb, 'reconnect_retries' );
	$tries   = $retries->getValue( $wpdb );
	$retries->setValue( $wpdb, 0 );
	// What WordPress does then is to show a page.
	$broken = static function (): never {
		throw new RuntimeException( 'the database has broken the connection off, so nothing was changed.' );
	};
	$broken = static fn(): callable => $broken;
	add_filter( 'wp_die_handler', $broken, PHP_INT_MAX );
	// Without this mode the database cuts off what is too long for its column, which makes a serialised value unreadable.
	$mode = $wpdb->get_var( 'SELECT @@SESSION.sql_mode' );
	$wpdb->query( $wpdb->prepare( 'SET SESSION sql_mode = %s', ltrim( "$mode,STRICT_ALL_TABLES", ',' ) ) );
	$before = $wpdb->suppress_errors();
	$wpdb->query( 'START TRANSACTION' );
	try {
		foreach ( $tables as $table ) {
			$counts += replace_in_table( $table, $replace, $needles, $dry_run, array( 'user_pass', ...$skipped ) );
		}
		if ( false === $wpdb->query( $dry_run ? 'ROLLBACK' : 'COMMIT' ) ) {
			throw new RuntimeException( "the database has not kept the changes: $wpdb->last_error" );
		}
	} catch ( RuntimeException $error ) {
		$wpdb->query( 'ROLLBACK' );
		throw $error;
	} finally {
		$retries->setValue( $wpdb, $tries );
		remove_filter( 'wp_die_handler', $broken, PHP_INT_MAX );
		$wpdb->query( $wpdb->prepare( 'SET SESSION sql_mode = %s', $mode ) );
		$wpdb->suppress_errors( $before );
	}
	if ( ! $dry_run && array_filter( $counts, static fn( int $count ): bool => $count > 0 ) ) {
		wp_cache_flush();
		do_action( 'inception_purge_cache' );
	}
	return $counts;
}

/**
 * Replaces in one table.
 *
 * @return array<string, int>
 */
function replace_in_table( string $table, callable $replace, array $needles, bool $dry_run, array $skipped ): array {
	global $wpdb;
	$columns = $wpdb->get_results( "SHOW COLUMNS FROM `$table`" );
	if ( ! $columns ) {
		throw new RuntimeException( "there is no table $table that can be read, so nothing was changed." );
	}
	$key     = array_column( array_filter( $columns, static fn( object $column ): bool => 'PRI' === $column->Key ), 'Field' );
	$texts   = array_filter(
		$columns,
		static fn( object $column ): bool => 'PRI' !== $column->Key && preg_match( '/char|text/i', $column->Type ) && ! in_array( $column->Field, $skipped, true )
	);
	if ( ! $key ) {
		return $texts ? array( $table => -1 ) : array();
	}
	$names  = '`' . implode( '`, `', $key ) . '`';
	$row    = '`' . implode( '` = %s AND `', $key ) . '` = %s';
	$likes  = array_map( static fn( string $needle ): string => '%' . $wpdb->esc_like( $needle ) . '%', $needles );
	// What the site's earlier addresses are stays known: what is read in later may lead to them.
	$but    = $table === $wpdb->options ? " AND option_name <> 'inception_earlier_urls'" : '';
	$counts = array();
	foreach ( array_column( $texts, 'Field' ) as $column ) {
		$counts[ "$table.$column" ] = 0;
		// Their keys first: all values at once may be more than the memory holds.
		$where = implode( ' OR ', array_fill( 0, count( $likes ), "`$column` LIKE %s" ) );
		foreach ( $wpdb->get_results( $wpdb->prepare( "SELECT $names FROM `$table` WHERE ($where)$but", ...$likes ), ARRAY_N ) as $id ) {
			$value = (string) $wpdb->get_var( $wpdb->prepare( "SELECT `$column` FROM `$table` WHERE $row" . ( $dry_run ? '' : ' FOR UPDATE' ), ...$id ) );
			$new   = replace_in( $value, $replace );
			if ( $new === $value ) {
				continue;
			}
			++$counts[ "$table.$column" ];
			if ( ! $dry_run && false === $wpdb->query( $wpdb->prepare( "UPDATE `$table` SET `$column` = %s WHERE $row", $new, ...$id ) ) ) {
				throw new RuntimeException( "$table.$column cannot be changed where the key is " . implode( ', ', $id ) . ": $wpdb->last_error" );
			}
		}
	}
	return $counts;
}
