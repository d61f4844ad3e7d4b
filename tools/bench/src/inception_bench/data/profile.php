<?php
/**
 * Plugin Name: Where the time of a page goes
 * Description: Put into a measured stack for a moment by the benchmark; it acts on its own requests alone.
 */

defined( 'ABSPATH' ) || exit;

// phpcs:ignore WordPress.Security.NonceVerification.Recommended
if ( ! isset( $_GET['bench-profile'] ) ) {
	return;
}
if ( ! defined( 'SAVEQUERIES' ) ) {
	define( 'SAVEQUERIES', true );
}

/**
 * Collects points in time, in milliseconds since the request began.
 */
final class Inception_Bench_Profile {
	/** @var array<string, float> */
	public array $marks = array();
	public float $translations = 0.0;
	public int $files = 0;
	private bool $inside = false;

	public function mark( string $name ): void {
		$this->marks[ $name ] ??= round( ( microtime( true ) - $_SERVER['REQUEST_TIME_FLOAT'] ) * 1000, 3 );
	}

	/**
	 * Marks the end of an action, after all that hangs on it.
	 */
	public function after( string $action, string $name ): void {
		add_action( $action, fn() => $this->mark( $name ), PHP_INT_MAX );
	}

	/**
	 * Loads a file of translations itself, to see how long that takes.
	 */
	public function load( $override, $domain, $file, $locale = null ) {
		if ( $this->inside || $override ) {
			return $override;
		}
		$this->inside = true;
		$began        = hrtime( true );
		$loaded       = load_textdomain( $domain, $file, $locale );
		$this->translations += ( hrtime( true ) - $began ) / 1e6;
		$this->files        += $loaded ? 1 : 0;
		$this->inside        = false;
		return $loaded;
	}

	public function report(): void {
		global $wpdb;
		$this->mark( 'end' );
		$queries = (array) $wpdb->queries;
		echo "\n<!--BENCH " . wp_json_encode(
			array(
				'marks'          => $this->marks,
				'sql_ms'         => round( array_sum( array_column( $queries, 1 ) ) * 1000, 3 ),
				'sql_count'      => count( $queries ),
				'translation_ms' => round( $this->translations, 3 ),
				'translations'   => $this->files,
				'included_files' => count( get_included_files() ),
				'memory_mb'      => round( memory_get_peak_usage() / 1e6, 1 ),
			)
		) . '-->';
	}
}

$inception_bench = new Inception_Bench_Profile();
$inception_bench->mark( 'core' );
$inception_bench->after( 'plugins_loaded', 'plugins' );
$inception_bench->after( 'after_setup_theme', 'theme' );
$inception_bench->after( 'wp_loaded', 'init' );
$inception_bench->after( 'wp', 'query' );
add_action( 'wp_head', fn() => $inception_bench->mark( 'blocks' ), PHP_INT_MIN );
$inception_bench->after( 'wp_head', 'head' );
$inception_bench->after( 'wp_footer', 'body' );
add_filter( 'override_load_textdomain', array( $inception_bench, 'load' ), PHP_INT_MIN, 4 );
add_action( 'shutdown', array( $inception_bench, 'report' ), PHP_INT_MIN );
