<?php
/**
 * The most used commands of wp-cli, by WordPress's own functions, for an image without wp-cli. Run by tools/wp.
 */

namespace Inception;

use RuntimeException;
use WP_Error;
use WP_User;

require __DIR__ . '/search-replace.php';

const USAGE = <<<'TEXT'
wp COMMAND, of which this image has:
  cache flush                               forget all kept pages too
  core version
  option get NAME
  plugin list
  plugin activate|deactivate NAME…          deactivate --all
  search-replace OLD NEW [TABLE…]           --dry-run, --skip-columns=guid,…
  theme list
  theme activate NAME
  user list                                 --role=ROLE
Lists take --fields=a,b, --field=a and --format=table|csv|json|count. --skip-plugins and --skip-themes leave out what
breaks WordPress. All of wp-cli: wordpress_cli_with_distribution: true, then make.

TEXT;

function fail( string $message ): never {
	fwrite( STDERR, "wp: $message\n" );
	exit( 1 );
}

/**
 * Loads WordPress. What it dies of is told in one sentence, with the way around it.
 *
 * @param array<string, string> $options The options of the command line.
 */
function load( array $options ): void {
	$told = false;
	ini_set( 'log_errors', '0' );
	define( 'WP_DISABLE_FATAL_ERROR_HANDLER', true );
	register_shutdown_function(
		static function () use ( &$told ): void {
			$error = error_get_last();
			if ( $error && $error['type'] & ( E_ERROR | E_PARSE | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR ) ) {
				$reason = strtok( $error['message'], "\n" ) . " ($error[file]:$error[line])";
			} elseif ( $told ) {
				return;
			}
			fail( 'WordPress stopped: ' . ( $reason ?? 'a plugin or the theme has ended it' ) . '; leave plugins and theme out with --skip-plugins --skip-themes.' );
		}
	);
	$hook    = static fn( callable $function ): array => array( 10 => array( 'inception' => array( 'accepted_args' => 1, 'function' => $function ) ) );
	$skipped = array();
	if ( isset( $options['skip-plugins'] ) ) {
		$skipped['pre_option_active_plugins'] = $hook( static fn(): array => array() );
	}
	if ( isset( $options['skip-themes'] ) ) {
		$skipped['template_directory']   = $hook( static fn(): string => '/nowhere' );
		$skipped['stylesheet_directory'] = $skipped['template_directory'];
	}
	$die                  = static function ( $message ) use ( &$told ): never {
		$told = true;
		fail( 'WordPress stopped: ' . trim( preg_replace( '/\s+/', ' ', strip_tags( $message instanceof WP_Error ? $message->get_error_message() : (string) $message ) ) ) );
	};
	$GLOBALS['wp_filter'] = $skipped + array( 'wp_die_handler' => $hook( static fn(): callable => $die ) );
	require '/var/www/html/wp-load.php';
	require_once ABSPATH . 'wp-admin/includes/plugin.php';
	array_map( 'remove_all_filters', array_keys( $skipped ) );
	$told = true;
}

/**
 * The fields that a list shows; all without a word.
 *
 * @param string[] $names
 * @return string[]
 */
function wanted_fields( array $names, string $words ): array {
	$wanted = '' === $words ? $names : explode( ',', $words );
	$wrong  = array_diff( $wanted, $names );
	return $wrong ? fail( 'there is no field ' . implode( ', ', $wrong ) . '; there are ' . implode( ', ', $names ) . '.' ) : $wanted;
}

/**
 * Prints a list as --format, --fields and --field want it.
 *
 * @param array<int, array<string, string|int>> $rows
 * @param string[]                              $names   The names of the fields.
 * @param array<string, string>                 $options The options of the command line.
 */
function show( array $rows, array $names, array $options ): void {
	$wanted = wanted_fields( $names, $options['field'] ?? $options['fields'] ?? '' );
	$rows = array_map( static fn( array $row ): array => array_map( static fn( string $name ) => $row[ $name ], array_combine( $wanted, $wanted ) ), $rows );
	if ( isset( $options['field'] ) ) {
		echo implode( '', array_map( static fn( array $row ): string => current( $row ) . "\n", $rows ) );
		return;
	}
	$lines = array( $wanted, ...array_map( 'array_values', $rows ) );
	match ( $options['format'] ?? 'table' ) {
		'json'  => print wp_json_encode( $rows, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) . "\n",
		'csv'   => array_map( static fn( array $line ) => fputcsv( STDOUT, $line, ',', '"', '' ), $lines ),
		'count' => print count( $rows ) . "\n",
		'table' => print_table( $lines ),
		default => fail( "--format is table, csv, json or count, not {$options['format']}." ),
	};
}

/**
 * Prints lines of texts in columns.
 *
 * @param array<int, array<int, string|int>> $lines
 */
function print_table( array $lines ): void {
	$widths = array_map( static fn( int $column ): int => max( array_map( 'mb_strwidth', array_column( $lines, $column ) ) ), array_keys( $lines[0] ) );
	foreach ( $lines as $line ) {
		echo rtrim( implode( '  ', array_map( static fn( $text, int $width ): string => $text . str_repeat( ' ', $width - mb_strwidth( (string) $text ) ), $line, $widths ) ) ), "\n";
	}
}

/**
 * The plugins by the name that people call them: their directory, or their file without ".php".
 *
 * @return array<string, string> Each with its file below plugins/.
 */
function plugins(): array {
	$found = array();
	foreach ( array_keys( get_plugins() ) as $file ) {
		$found[ str_contains( $file, '/' ) ? dirname( $file ) : basename( $file, '.php' ) ] = $file;
	}
	return $found;
}

/**
 * Switches a plugin on or off; without a sound when it is not loaded and cannot be told.
 */
function switch_plugin( string $name, bool $on, bool $silent ): void {
	$known = plugins();
	$file  = $known[ $name ] ?? ( in_array( $name, $known, true ) ? $name : fail( "there is no plugin $name; wp plugin list shows them." ) );
	$state = $on ? 'active' : 'inactive';
	if ( is_plugin_active( $file ) === $on ) {
		echo "The plugin $name is $state already.\n";
		return;
	}
	$error = $on ? activate_plugin( $file ) : deactivate_plugins( $file, $silent );
	if ( is_wp_error( $error ) && 'unexpected_output' === $error->get_error_code() ) {
		// WordPress has switched it on before it looks at what was printed.
		fwrite( STDERR, "wp: the plugin $name has printed something while it was activated: " . trim( wp_strip_all_tags( (string) $error->get_error_data() ) ) . "\n" );
	} elseif ( is_wp_error( $error ) ) {
		fail( "the plugin $name cannot be activated: " . wp_strip_all_tags( $error->get_error_message() ) );
	}
	echo "The plugin $name is $state now.\n";
}

// Each command gets what stands behind it, and the options.
$commands = array(
	'cache flush'       => static function (): void {
		wp_cache_flush();
		do_action( 'inception_purge_cache' );
		echo "All pages are made anew.\n";
	},
	'core version'      => static function (): void {
		require '/var/www/html/wp-includes/version.php';
		echo $wp_version, "\n";
	},
	'option get'        => static function ( array $words, array $options ): void {
		$name  = $words[0] ?? fail( 'name an option: wp option get blogname' );
		$value = get_option( $name, null ) ?? fail( "there is no option $name." );
		if ( 'json' === ( $options['format'] ?? '' ) ) {
			$value = wp_json_encode( $value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		}
		echo is_scalar( $value ) ? $value : var_export( $value, true ), "\n";
	},
	'plugin list'       => static function ( array $words, array $options ): void {
		$rows = array();
		foreach ( plugins() as $name => $file ) {
			$rows[] = array(
				'name'    => $name,
				'status'  => is_plugin_active( $file ) ? 'active' : 'inactive',
				'version' => get_plugins()[ $file ]['Version'],
			);
		}
		foreach ( get_mu_plugins() as $file => $plugin ) {
			$rows[] = array(
				'name'    => basename( $file, '.php' ),
				'status'  => 'must-use',
				'version' => $plugin['Version'],
			);
		}
		show( $rows, array( 'name', 'status', 'version' ), $options );
	},
	'plugin activate'   => static function ( array $words ): void {
		foreach ( $words ?: array( fail( 'name a plugin; wp plugin list shows them.' ) ) as $name ) {
			switch_plugin( $name, true, false );
		}
	},
	'plugin deactivate' => static function ( array $words, array $options ): void {
		$active = array_keys( array_filter( plugins(), 'is_plugin_active' ) );
		foreach ( ( isset( $options['all'] ) ? $active : $words ) ?: array( fail( 'name a plugin that is active: ' . implode( ', ', $active ) ) ) as $name ) {
			switch_plugin( $name, false, isset( $options['skip-plugins'] ) );
		}
	},
	'search-replace'    => static function ( array $words, array $options ): void {
		if ( count( $words ) < 2 || '' === $words[0] ) {
			fail( 'name the old and the new text: wp search-replace OLD NEW [TABLE…]' );
		}
		[ $old, $new ] = $words;
		$dry_run       = isset( $options['dry-run'] );
		$skipped       = array_filter( explode( ',', $options['skip-columns'] ?? '' ) );
		$counts        = search_replace( static fn( string $text ): string => str_replace( $old, $new, $text ), array( $old ), $dry_run, $skipped, array_slice( $words, 2 ) );
		foreach ( array_filter( $counts ) as $column => $count ) {
			echo $count < 0 ? "$column has no primary key, and is left as it is.\n" : "$count in $column\n";
		}
		echo array_sum( array_filter( $counts, static fn( int $count ): bool => $count > 0 ) ), $dry_run ? " values would change.\n" : " values were changed.\n";
	},
	'theme activate'    => static function ( array $words ): void {
		$theme = wp_get_theme( $words[0] ?? fail( 'name a theme; wp theme list shows them.' ) );
		if ( $theme->errors() ) {
			fail( "the theme $words[0] cannot be used: " . wp_strip_all_tags( $theme->errors()->get_error_message() ) );
		}
		switch_theme( $theme->get_stylesheet() );
		echo "The theme $words[0] is active now.\n";
	},
	'theme list'        => static function ( array $words, array $options ): void {
		$rows = array();
		foreach ( wp_get_themes() as $name => $theme ) {
			$rows[] = array(
				'name'    => $name,
				'status'  => get_stylesheet() === $name ? 'active' : ( get_template() === $name ? 'parent' : 'inactive' ),
				'version' => (string) $theme->get( 'Version' ),
			);
		}
		show( $rows, array( 'name', 'status', 'version' ), $options );
	},
	'user list'         => static function ( array $words, array $options ): void {
		$fields = array( 'ID', 'user_login', 'display_name', 'user_email', 'user_registered', 'roles' );
		$rows   = array_map(
			static fn( WP_User $user ): array => array_combine( $fields, array( $user->ID, $user->user_login, $user->display_name, $user->user_email, $user->user_registered, implode( ',', $user->roles ) ) ),
			get_users( array( 'role' => $options['role'] ?? '', 'orderby' => 'ID' ) )
		);
		show( $rows, $fields, $options );
	},
);

$words   = array();
$options = array();
foreach ( array_slice( $argv, 1 ) as $argument ) {
	if ( preg_match( '/^--([a-z-]+)(?:=(.*))?$/s', $argument, $found ) ) {
		$options[ $found[1] ] = $found[2] ?? '';
	} else {
		$words[] = $argument;
	}
}
if ( ! $words || 'help' === $words[0] ) {
	echo USAGE;
	exit;
}
$known   = array( 'all', 'dry-run', 'field', 'fields', 'format', 'role', 'skip-columns', 'skip-plugins', 'skip-themes', 'path', 'url' );
$unknown = array_diff( array_keys( $options ), $known );
if ( $unknown ) {
	fail( '--' . current( $unknown ) . ' is no option here; wp help lists what there is.' );
}
foreach ( array( 1, 2 ) as $length ) {
	$name = implode( ' ', array_slice( $words, 0, $length ) );
	if ( isset( $commands[ $name ] ) ) {
		if ( 'core version' !== $name ) {
			load( $options );
		}
		try {
			$commands[ $name ]( array_slice( $words, $length ), $options );
		} catch ( RuntimeException $error ) {
			fail( $error->getMessage() );
		}
		exit;
	}
}
fail( implode( ' ', array_slice( $words, 0, 2 ) ) . ' is not among the commands of this image; wp help lists them.' );
