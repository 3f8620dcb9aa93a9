//! Functions of points.

use std::sync::Arc;

use crate::error::Result;
use crate::function::ScalarFunction;
use crate::value::Point;
use crate::value::Value;

use super::SCALAR;
use super::argument::Arguments;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "point",
        signatures: &["point(coordinates :: MAP) :: POINT"],
        doc: "A place: from `x`, `y` and perhaps `z` in a plane or in space, from `longitude`, \
              `latitude` and perhaps `height` on the globe. `crs` or `srid` names the coordinate \
              reference system: cartesian (7203), cartesian-3d (9157), wgs-84 (4326) or wgs-84-3d \
              (4979). Null where an entry is null.",
        example: ("point({longitude: 12.5, latitude: 55.6}).crs", "'wgs-84'"),
        eval: |_, args| {
            let args = Arguments::of("point", args);
            let Value::Map(map) = args.value(0) else { return Err(args.wrong_type(0, "a map")) };
            Ok(Point::from_map(map)?.map_or(Value::Null, Value::from))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "point.distance",
        signatures: &["point.distance(from :: POINT, to :: POINT) :: FLOAT"],
        doc: "The distance of two points of one system: in metres along the surface of the globe, or \
              in a straight line in the unit of the coordinates. Null where the systems differ.",
        example: ("point.distance(point({x: 0, y: 0}), point({x: 3, y: 4}))", "5.0"),
        eval: |_, args| {
            let args = Arguments::of("point.distance", args);
            let distance = point(args, 0)?.distance(point(args, 1)?);
            Ok(distance.map_or(Value::Null, Value::Float))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "point.withinBBox",
        signatures: &[
            "point.withinBBox(point :: POINT, lowerLeft :: POINT, upperRight :: POINT) :: BOOLEAN",
        ],
        doc: "Whether a point lies in the box between two corners, its borders included. A box on the \
              globe may go across the 180th meridian. Null where the systems differ.",
        example: (
            "point.withinBBox(point({x: 1, y: 1}), point({x: 0, y: 0}), point({x: 2, y: 1}))",
            "true",
        ),
        eval: |_, args| {
            let args = Arguments::of("point.withinBBox", args);
            let within = point(args, 0)?.within(point(args, 1)?, point(args, 2)?);
            Ok(within.map_or(Value::Null, Value::Boolean))
        },
        ..SCALAR
    },
];

fn point<'a>(args: Arguments<'a>, index: usize) -> Result<&'a Arc<Point>> {
    match args.value(index) {
        Value::Point(point) => Ok(point),
        _ => Err(args.wrong_type(index, "a point")),
    }
}
